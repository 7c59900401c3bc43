import { readFileSync, statSync } from "node:fs";
import { isOwnVariable } from "../../settings/setting-row.ts";
import { problemLine, SettingsError } from "../../settings/settings-error.ts";
import { settingsWarnings } from "../../settings/warnings.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext, INSTALL_FLAGS, UNINSTALL_FLAGS } from "../../cli/command.ts";
import { findService, type Service } from "./find-service.ts";
import { chooseNode } from "./node-choice.ts";
import { perform, type Operation } from "./operations.ts";
import { exists, follow } from "./service-root.ts";
import { localAddress } from "./service-health.ts";
import { serviceSettings } from "./service-settings.ts";

/** The bundle is one file, so this module's path is the whole program. */
const PROGRAM = import.meta.filename;

/**
 * Installs the shim as a service and starts it, or upgrades it; with `--root` writes the files of an image.
 *
 * @param program the one file to install
 * @returns 0 if all operations succeeded and the service responds, 1 if one failed
 * @throws SettingsError
 */
export async function install(
  context: CommandContext<typeof INSTALL_FLAGS>,
  service: Service = findService(context.flags, context.env),
  program = PROGRAM,
): Promise<number> {
  const { flags, env, given, complain } = context;
  const { root, offline, bundle, environment, logCommand } = service.scope;
  return carryOut(context, service, "already installed like this", async () => {
    const { settings, variables, hasToken } = await serviceSettings(given, service.scope);
    const { tokenFile } = settings;
    const { node, warning } = await chooseNode(flags.node, service.scope);
    const files = [
      { kind: "write", path: bundle, mode: 0o755, content: readFileSync(program) },
      { kind: "write", path: environment, mode: 0o600, content: variables },
    ] as const;
    const plan = await service.planInstall({ node, settings, files });
    const strays = Object.keys(env).filter(isOwnVariable);
    const warnings = [
      ...(warning === undefined ? [] : [warning]),
      ...strays.map((name) => `${name} is set here, but not for the service; give it as a flag`),
      ...settingsWarnings(settings).map(problemLine),
    ];
    for (const text of warnings) complain(`warning: ${text}`);
    if (!hasToken) complain("note: --approve seen needs the gateway's token; add --token-file FILE");
    const address = localAddress(settings.listen) ?? "";
    if (!offline) return [...plan, { kind: "health", address, command: logCommand }];
    // All that an image lacks may be added later, so nothing is an error.
    const isPrivate = (path: string): boolean => (statSync(follow(root, path) ?? "/").mode & 0o077) === 0;
    if (lacks(() => exists(root, node)))
      complain(`note: ${printable(root)} has no ${printable(node)}; install Node there before it boots`);
    if (tokenFile !== undefined && lacks(() => isPrivate(tokenFile)))
      complain(`note: ${printable(tokenFile)} must be in the image, with mode 0600, before it boots`);
    const text = `next: boot the image; it starts the shim, and there ${logCommand} prints its log`;
    return plan.length === 0 ? [] : [...plan, { kind: "message", text }];
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
  service: Service = findService(context.flags, context.env),
): Promise<number> {
  return carryOut(context, service, "not installed", () => service.planUninstall());
}

async function carryOut(
  context: CommandContext<typeof UNINSTALL_FLAGS>,
  { scope, check }: Service,
  idle: string,
  makePlan: () => Promise<readonly Operation[]>,
): Promise<number> {
  try {
    const plan = await makePlan();
    if (!context.flags.dryRun) await check();
    const isIdle = plan.every(({ kind }) => kind === "message" || kind === "health");
    if (isIdle) context.stdout.write(`nothing to do: it is ${idle}\n`);
    await perform(plan, scope, context);
    return 0;
  } catch (error) {
    if (error instanceof SettingsError || !(error instanceof Error)) throw error;
    context.complain(printable(error.message, 600));
    return 1;
  }
}

/** Checks the image. A path behind an absolute link can only be checked in the running image. */
function lacks(check: () => boolean): boolean {
  try {
    return !check();
  } catch {
    return false;
  }
}
