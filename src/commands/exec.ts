import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../cli/command.ts";
import { Output } from "../cli/output.ts";
import { connectAdvice, type ConnectFailure } from "../errors.ts";
import { withAdvice } from "../text/advice.ts";
import { createLogger, loggerTo } from "../log/logger.ts";
import { parseAuthority } from "../net/authority.ts";
import type { Environment } from "../openclaw/config.ts";
import { readToken } from "../openclaw/token.ts";
import { toolVariables } from "../openclaw/tool-variables.ts";
import { loadSettings } from "../settings/load.ts";
import { problemLine, SettingsError } from "../settings/settings-error.ts";
import type { Settings } from "../settings/settings.ts";
import { createDialer } from "../upstream/dial.ts";
import { probeGateway } from "../upstream/gateway-probe.ts";
import { openFor } from "./logged-shim.ts";
import { runChild } from "./exec/child-process.ts";
import { RefusalReport } from "./exec/refusal-report.ts";

/** The exit code if the shim could not start: that of env(1) and nohup(1). A command may use 1 and 2 itself. */
const NOT_STARTED = 125;
/** Time between two probes of a gateway that is not up. */
const RETRY_MS = 250;
/** Deadline of a probe: a gateway that has just started is busy for seconds. */
const PROBE_MS = 5_000;
const USAGE = "write openclaw-shim exec -- COMMAND";

/**
 * Runs a command whose OpenClaw tools connect through a shim of its own, until the command ends.
 *
 * @returns the command's exit code, or 128 and the number of the signal that ended it; 126 if it is not executable, 127 if
 *   it was not found, 125 if the shim could not start
 */
export async function exec(context: CommandContext): Promise<number> {
  try {
    return await runCommand(context);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const problem of error.problems) context.complain(problemLine(problem));
    return NOT_STARTED;
  }
}

async function runCommand(context: CommandContext): Promise<number> {
  const { complain, given, operands } = context;
  const [file, ...args] = operands;
  if (file === undefined)
    throw new SettingsError({ setting: "exec", problem: "needs a command", fix: USAGE });
  const loaded = await loadSettings(context);
  // Those of the environment and the config file are the service's.
  const listen = given.given.has("listen") ? loaded.listen : [{ host: "127.0.0.1", port: 0 }];
  const metricsListen = given.given.has("metricsListen") ? loaded.metricsListen : undefined;
  const settings = { ...loaded, listen, metricsListen };
  const isQuiet = settings.logLevel === "info" && !given.given.has("logLevel");
  const stderr = new Output(2);
  const report = new RefusalReport(stderr);
  const logger = isQuiet
    ? loggerTo(report, settings.logLevel)
    : await createLogger({ ...settings, nextSteps: () => Promise.resolve(() => []) }, stderr);

  const failure = await waitForGateway(settings, complain);
  if (failure) {
    const text = `cannot start: the gateway at ${settings.gateway.url} is not up (${failure.code})`;
    complain(withAdvice(text, connectAdvice(failure.code)));
    return NOT_STARTED;
  }
  const shim = await openFor(context, settings, logger);
  if (!shim) return NOT_STARTED;
  const env = commandEnvironment(shim.addresses[0] ?? "", settings, context);
  const code = await runChild([file, ...args], env, complain);
  await shim.close();
  report.print();
  return code;
}

/** Waits for the gateway as long as a request would. @returns why it is not up by then */
async function waitForGateway(
  { gateway, hold }: Settings,
  complain: (line: string) => void,
): Promise<ConnectFailure | undefined> {
  const dialer = await createDialer(gateway, () => {});
  const deadline = performance.now() + hold;
  for (let attempt = 1; ; attempt += 1) {
    const failure = await probeGateway(gateway, dialer, AbortSignal.timeout(PROBE_MS));
    const left = deadline - performance.now();
    if (!failure || left <= 0) return failure;
    if (attempt === 1)
      complain(`waiting ${hold / 1000} s for the gateway at ${gateway.url} (${failure.code})`);
    await sleep(Math.min(RETRY_MS, left));
  }
}

/** Returns the environment in which OpenClaw's tools connect to the shim, with the gateway's token if they need it. */
function commandEnvironment(
  address: string,
  { tokenFile }: Settings,
  { env, complain }: CommandContext,
): Environment {
  const { name = "", port = 0 } = parseAuthority(address) ?? {};
  const { set, portAlone, why } = toolVariables({ host: name, port }, env);
  const variables = { ...env, ...set };
  if (portAlone && tokenFile === undefined) return variables;
  const found = readToken(tokenFile, env);
  if ("secret" in found) return { ...variables, OPENCLAW_GATEWAY_TOKEN: found.secret.reveal() };
  if (tokenFile !== undefined)
    throw new SettingsError({ setting: "--token-file", problem: found.why, fix: found.fix });
  if (!env["OPENCLAW_GATEWAY_PASSWORD"]) complain(`note: ${why}; ${found.fix}`);
  return variables;
}
