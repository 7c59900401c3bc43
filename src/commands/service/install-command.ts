import { readFileSync } from "node:fs";
import { isOwnVariable } from "../../settings/setting-row.ts";
import { SettingsError, statement } from "../../settings/settings-error.ts";
import { settingsWarnings } from "../../settings/warnings.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext, INSTALL_FLAGS, UNINSTALL_FLAGS } from "../../cli/command.ts";
import { findService, THIS_HOST, type ServiceHost } from "./find-service.ts";
import { chooseNode } from "./node-choice.ts";
import { perform, planOf, ServiceError, withAdvice, type Operation } from "./operations.ts";
import { localAddress } from "./service-health.ts";
import type { Service, ServiceSettings } from "./service-manager.ts";
import { serviceSettings } from "./service-settings.ts";

const IDLE = { install: "already installed like this", uninstall: "not installed" } as const;

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
  return execute("install", context, host, async (service) => {
    const found = await serviceSettings(context.given, service);
    const { path: node, manager } = await chooseNode(context.flags.node, service, host.execPath);
    const plan = await service.planInstall({ ...found, node, script: readFileSync(host.script) });
    const strays = Object.keys(context.env).filter(isOwnVariable);
    const managed = `${printable(node, 120)} belongs to ${manager}: the service fails when ${manager} removes it`;
    return planOf([
      manager !== undefined && notice("warning", managed, "use a Node that stays, with --node PATH"),
      ...strays.map((name) =>
        notice("warning", `${name} is set here, but not for the service`, "give it as a flag"),
      ),
      ...settingsWarnings(found.settings).map((problem) =>
        notice("warning", statement(problem), problem.fix),
      ),
      ...plan,
      ...(service.image === undefined
        ? [firstResponse(service, found)]
        : imageNotices(service, node, found, plan.length > 0)),
    ]);
  });
}

/**
 * Stops the service and removes everything that `install` created, its settings too.
 *
 * @returns 0 if nothing of it remains, 1 if an operation failed
 * @throws SettingsError
 */
export function uninstall(
  context: CommandContext<typeof UNINSTALL_FLAGS>,
  host: ServiceHost = THIS_HOST,
): Promise<number> {
  return execute("uninstall", context, host, (service) => service.planUninstall());
}

async function execute(
  name: "install" | "uninstall",
  { flags, env, stdout, complain }: CommandContext<typeof UNINSTALL_FLAGS>,
  host: ServiceHost,
  makePlan: (service: Service) => Promise<Operation[]>,
): Promise<number> {
  const say = (line: string): void => void stdout.write(`${line}\n`);
  try {
    const service = findService(flags, env, host);
    const plan = await makePlan(service);
    if (!flags.dryRun) await service.check(name);
    const idle = plan.every(({ kind }) => kind === "notice" || kind === "health");
    if (idle) say(`nothing to do: it is ${IDLE[name]}`);
    await perform(plan, { ...service, dryRun: flags.dryRun, stdout: say, stderr: complain });
    return 0;
  } catch (error) {
    if (error instanceof SettingsError || !(error instanceof Error)) throw error;
    const advice = error instanceof ServiceError ? error.advice : undefined;
    complain(printable(withAdvice(error.message, advice), 600));
    return 1;
  }
}

function notice(level: "warning" | "note", text: string, fix?: string): Operation {
  return { kind: "notice", level, text, ...(fix !== undefined && { fix }) };
}

function firstResponse({ logCommand }: Service, { settings }: ServiceSettings): Operation {
  const advice = { fix: "its log has the reason", command: logCommand };
  return { kind: "health", address: localAddress(settings.listen) ?? "", advice };
}

/** Lists what an image still needs before it boots. All of it may be added later, so nothing is an error. */
function imageNotices(service: Service, node: string, found: ServiceSettings, changed: boolean): Operation[] {
  const { root, image = "", logCommand } = service;
  const { hasToken, tokenFile } = found;
  const isPrivate = (path: string): boolean => ((root.mode(path) ?? 0o777) & 0o077) === 0;
  const lacksFile = tokenFile !== undefined && lacks(() => isPrivate(tokenFile));
  const next = `next: boot the image; it starts the shim, and there ${logCommand} prints its log`;
  return planOf([
    !hasToken && notice("note", "--approve seen needs the gateway's token", "add --token-file FILE"),
    lacks(() => root.has(node)) &&
      notice("note", `${printable(image)} has no ${printable(node)}`, "install Node there before it boots"),
    lacksFile &&
      notice("note", `${printable(tokenFile)} must be in the image, with mode 0600, before it boots`),
    changed && { kind: "notice", text: next },
  ]);
}

/** Runs a check of the image. A path behind an absolute link can only be checked in the running image. */
function lacks(check: () => boolean): boolean {
  try {
    return !check();
  } catch {
    return false;
  }
}
