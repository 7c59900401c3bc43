import { join } from "node:path";
import type { Logger } from "pino";
import type { Advice } from "../text/advice.ts";
import type { OperatorResources } from "../openclaw/token.ts";
import type { CommandContext } from "../cli/command.ts";
import { createLogger } from "../log/logger.ts";
import { SettingsError, statement } from "../settings/settings-error.ts";
import type { Settings } from "../settings/settings.ts";
import { settingsWarnings } from "../settings/warnings.ts";
import { openShim, type Shim, type ShimResources } from "../shim.ts";

/** Opens the shim of a daemon, which logs on stdout. Like `openFor`. */
export async function openLogged(
  context: CommandContext,
  settings: Settings,
  resources: Pick<ShimResources, "handedOver" | "bound">,
): Promise<Shim | undefined> {
  const { env, stdout, program } = context;
  const nextSteps = async () => (await import("../cli/next-steps.ts")).nextSteps(program, env);
  let lostLines = 0;
  const onLost = (): unknown => (lostLines += 1);
  const logger = await createLogger({ ...settings, nextSteps, onLost }, stdout);
  context.logCrashes?.(logger);
  return openFor(context, settings, logger, { ...resources, lostLines: () => lostLines });
}

/**
 * Opens the shim of a command, and logs which settings are probably not meant.
 *
 * @returns undefined, after a complaint, if it could not start
 * @throws SettingsError
 */
export async function openFor(
  context: CommandContext,
  settings: Settings,
  logger: Logger,
  resources: Pick<ShimResources, "handedOver" | "bound" | "lostLines"> = {},
): Promise<Shim | undefined> {
  // With sockets of systemd, --listen does not say what is listened on.
  const warnings = settingsWarnings(resources.handedOver?.length ? { ...settings, listen: [] } : settings);
  for (const warning of warnings) warn(logger, statement(warning), warning);
  try {
    const operator = settings.approve === "off" ? {} : await operatorOf(settings.tokenFile, context, logger);
    return await openShim(settings, logger, { ...resources, operator });
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const { startFailure } = await import("./start-failure.ts");
    context.complain(`cannot start: ${await startFailure(error, context.env, settings)}`);
    return undefined;
  }
}

/** Reads the token, only for `--approve`: a daemon that needs no secret holds none. */
async function operatorOf(
  tokenFile: string | undefined,
  { env }: CommandContext,
  logger: Logger,
): Promise<OperatorResources> {
  const { configOwner } = await import("../openclaw/config.ts");
  const { readToken } = await import("../openclaw/token.ts");
  const found = readToken(tokenFile, env);
  if ("why" in found) {
    throw new SettingsError({ setting: "--approve seen", problem: found.why, fix: found.fix });
  }
  if (found.warning) warn(logger, found.warning.why, found.warning);
  return { token: found.secret, stateDirectory: stateDirectory(env), gatewayOwner: configOwner(env) };
}

function warn(logger: Logger, text: string, { fix, command }: Partial<Advice>): void {
  logger.warn({ event: "setting.warning", fix, command }, text);
}

/** Returns systemd's folder for the unit (systemd.exec(5), StateDirectory=), else the user's (XDG base directories). */
function stateDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const { STATE_DIRECTORY, XDG_STATE_HOME, LOCALAPPDATA, HOME } = env;
  if (STATE_DIRECTORY) return STATE_DIRECTORY.split(":", 1)[0];
  const state = XDG_STATE_HOME || LOCALAPPDATA || (HOME && join(HOME, ".local", "state"));
  return state ? join(state, "openclaw-shim") : undefined;
}
