import { join } from "node:path";
import type { OperatorResources } from "../approve/approver.ts";
import { createLogger } from "../log/logger.ts";
import type { Environment } from "../openclaw/config.ts";
import { reachableAt } from "../net/authority.ts";
import { loadSettings } from "../settings/load.ts";
import { problemLine, SettingsError } from "../settings/settings-error.ts";
import type { Settings } from "../settings/settings.ts";
import { settingsWarnings } from "../settings/warnings.ts";
import { nextSteps } from "../program.ts";
import { openShim } from "../shim.ts";
import type { HandedOver } from "../server/listener.ts";
import { printable } from "../text/printable.ts";
import type { CommandContext } from "./command.ts";

/**
 * The daemon: runs until SIGTERM or SIGINT, then drains.
 *
 * @returns 0 after a signal, 1 where it could not start
 * @throws SettingsError
 */
export async function run(context: CommandContext): Promise<number> {
  const { env, stdout, complain } = context;
  const handedOver = await handedOverSockets(env);
  const settings = loadSettings(context);
  // Where systemd hands sockets over, --listen does not say what is listened on: nothing is to be said of it.
  const warnings = settingsWarnings(handedOver.length === 0 ? settings : { ...settings, allowFrom: [] });
  for (const warning of warnings) complain(`warning: ${problemLine(warning)}`);
  const logger = await createLogger({ ...settings, nextSteps: nextSteps(context.program) }, stdout);
  // Heard from here on: a signal during the start must not be lost.
  const stopped = context.stopped();
  let shim;
  try {
    const operator = settings.approve === "off" ? {} : await operatorOf(settings, context);
    shim = await openShim(settings, logger, { handedOver, operator });
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    complain(`cannot start: ${await startFailure(error)}`);
    return 1;
  }
  await stopped;
  await shim.close();
  return 0;
}

/** Only who approves reads the token: a daemon that needs no secret holds none. */
async function operatorOf(
  { tokenFile }: Settings,
  { env, complain }: Pick<CommandContext, "env" | "complain">,
): Promise<OperatorResources> {
  const { readToken } = await import("../openclaw/token.ts");
  const found = readToken(tokenFile, env);
  if ("why" in found)
    throw new SettingsError({ setting: "--approve seen", problem: found.why, fix: found.fix });
  if (found.warning) complain(`warning: ${found.warning.why}; ${found.warning.fix}`);
  return { token: found.secret, stateDirectory: stateDirectory(env) };
}

/** What systemd made for the unit (systemd.exec(5), StateDirectory=), else the user's own (XDG base directories). */
function stateDirectory({ STATE_DIRECTORY, XDG_STATE_HOME, HOME }: Environment): string | undefined {
  if (STATE_DIRECTORY) return STATE_DIRECTORY.split(":", 1)[0];
  if (XDG_STATE_HOME) return join(XDG_STATE_HOME, "openclaw-shim");
  return HOME ? join(HOME, ".local", "state", "openclaw-shim") : undefined;
}

async function startFailure(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return "unknown error";
  const code = "code" in error ? error.code : undefined;
  const message = printable(error.message);
  if (code === "EADDRINUSE") return `${message}; ${await whoListens(error)}, or choose another --listen`;
  if (code === "EADDRNOTAVAIL")
    return `${message}; this machine has no such address, choose another --listen`;
  if (code === "EACCES") return `${message}; ports below 1024 need a privilege, choose another --listen`;
  return message;
}

async function whoListens(error: Error): Promise<string> {
  const address = "address" in error ? error.address : undefined;
  const port = "port" in error ? error.port : undefined;
  if (typeof address !== "string" || typeof port !== "number") return "stop what listens there";
  const { isShim } = await import("../status/shim-client.ts");
  return (await isShim(reachableAt({ host: address, port })))
    ? "that is an openclaw-shim which runs already: stop it"
    : "stop what listens there";
}

/** Loaded only if systemd may have handed over sockets. */
async function handedOverSockets(env: NodeJS.ProcessEnv): Promise<readonly HandedOver[]> {
  if (env["LISTEN_PID"] === undefined) return [];
  const { takeHandedOver } = await import("../server/socket-activation.ts");
  return takeHandedOver(env, process.pid);
}
