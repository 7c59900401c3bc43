import { readFileSync } from "node:fs";
import { isOwnVariable } from "../../settings/names.ts";
import { problemLine, SettingsError } from "../../settings/settings-error.ts";
import { settingsWarnings } from "../../settings/warnings.ts";
import { printable } from "../../text/printable.ts";
import type { INSTALL_FLAGS, UNINSTALL_FLAGS } from "../command-flags.ts";
import type { CommandContext } from "../command.ts";
import { findService, THIS_HOST, type ServiceHost } from "./find-service.ts";
import { chooseNode } from "./node-choice.ts";
import { perform, ServiceError, withAdvice, type Notice, type Operation } from "./operations.ts";
import { localAddress } from "./service-health.ts";
import type { Service } from "./service-manager.ts";
import { serviceSettings, type ServiceSettings } from "./service-settings.ts";

/**
 * Installs the shim as a service and starts it, or upgrades it; with `--root` writes the files of an image.
 *
 * @returns 0 if all operations succeeded and the service responds, 1 if one failed
 * @throws SettingsError
 */
export async function install(
  context: CommandContext<typeof INSTALL_FLAGS>,
  host: ServiceHost = THIS_HOST,
): Promise<number> {
  const { flags, env } = context;
  return execute(context, host, "already installed like this", async (service) => {
    const found = serviceSettings(context.given, service);
    const { path: node, manager } = await chooseNode(flags.node, service, host.execPath);
    if (!flags.dryRun) await service.check("install");
    const plan = await service.planInstall({ ...found, node, script: readFileSync(host.script) });
    const strays = Object.keys(env).filter(isOwnVariable);
    return [
      ...(manager === undefined ? [] : [managedNode(node, manager)]),
      ...strays.map((name) =>
        notice("warning", `${name} is set here, but not for the service`, "give it as a flag"),
      ),
      ...settingsWarnings(found.settings).map((problem) => notice("warning", problemLine(problem))),
      ...plan,
      ...(service.image === undefined
        ? [response(service, found)]
        : imageNotices(service, service.image, node, found, plan.length > 0)),
    ];
  });
}

/**
 * Stops the service and removes everything that `install` created, its settings too.
 *
 * @returns 0 if nothing of it remains, 1 if an operation failed
 * @throws SettingsError
 */
export async function uninstall(
  context: CommandContext<typeof UNINSTALL_FLAGS>,
  host: ServiceHost = THIS_HOST,
): Promise<number> {
  const { flags } = context;
  return execute(context, host, "not installed", async (service) => {
    if (!flags.dryRun) await service.check("uninstall");
    return service.planUninstall();
  });
}

async function execute(
  { flags, env, stdout, complain }: CommandContext<typeof UNINSTALL_FLAGS>,
  host: ServiceHost,
  idle: string,
  makePlan: (service: Service) => Promise<Operation[]>,
): Promise<number> {
  const say = (line: string): void => void stdout.write(`${line}\n`);
  try {
    const { service } = findService(flags, env, host);
    const plan = await makePlan(service);
    if (plan.every(({ kind }) => kind === "notice" || kind === "health")) say(`nothing to do: it is ${idle}`);
    await perform(plan, { ...service, dryRun: flags.dryRun, stdout: say, stderr: complain });
    return 0;
  } catch (error) {
    if (error instanceof SettingsError || !(error instanceof Error)) throw error;
    complain(
      printable(withAdvice(error.message, error instanceof ServiceError ? error.advice : undefined), 600),
    );
    return 1;
  }
}

function notice(level: "warning" | "note", text: string, fix?: string): Notice {
  return { kind: "notice", level, text, ...(fix !== undefined && { advice: { fix } }) };
}

function managedNode(node: string, manager: string): Notice {
  const text = `${printable(node, 120)} belongs to ${manager}: the service fails when ${manager} removes that version`;
  return notice("warning", text, "use a Node that stays, with --node PATH");
}

function response({ logCommand }: Service, { settings }: ServiceSettings): Operation {
  const advice = { fix: "its log has the reason", command: logCommand };
  return { kind: "health", address: localAddress(settings.listen) ?? "", advice };
}

/** Lists what an image still needs before it boots. All of it may be added later, so nothing is an error. */
function imageNotices(
  { root, logCommand }: Service,
  image: string,
  node: string,
  { hasToken, tokenFile }: ServiceSettings,
  changed: boolean,
): Notice[] {
  const hasNode = unlessLinkLeads(() => root.has(node));
  const hasTokenFile =
    tokenFile === undefined || unlessLinkLeads(() => ((root.mode(tokenFile) ?? 0o077) & 0o077) === 0);
  const next = `next: boot the image; it starts the shim, and there ${logCommand} prints its log`;
  return [
    ...(hasToken
      ? []
      : [notice("note", "--approve seen needs the gateway's token", "add --token-file FILE")]),
    ...(hasNode
      ? []
      : [
          notice(
            "note",
            `${printable(image)} has no ${printable(node)}`,
            "install Node there before it boots",
          ),
        ]),
    ...(hasTokenFile
      ? []
      : [notice("note", `${printable(tokenFile)} must be in the image, with mode 0600, before it boots`)]),
    ...(changed ? [{ kind: "notice", text: next } as const] : []),
  ];
}

/** Runs a check of the image. Where an absolute link leads out of it, the check is only possible in the running image. */
function unlessLinkLeads(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return true;
  }
}
