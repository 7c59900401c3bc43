import type { CommandContext, DOCTOR_FLAGS } from "../../cli/command.ts";
import { checkAlternatives } from "./alternative-checks.ts";
import * as config from "./config-checks.ts";
import { checkLeftovers, checkPending, checkScopes } from "./device-checks.ts";
import { openContext, type DoctorContext } from "./doctor-context.ts";
import type { Finding, Results } from "./finding.ts";
import { LIMITS, type Deadline } from "./gateway-attempt.ts";
import { checkDirect, checkGateway, checkRuntime, checkToken } from "./gateway-checks.ts";
import { renderSteps, renderTable } from "./report.ts";
import { checkShim, checkTraffic } from "./shim-checks.ts";
import { displayOf, wrapped } from "../../text/terminal.ts";
import { checkPaths, checkTools } from "./tool-checks.ts";
import { checkWsl } from "./wsl-check.ts";

/** Gathers what it needs from the context and judges it. */
export type Check = (context: DoctorContext) => Results;

/** Every check by its name, in the order in which they run and are shown. */
const CHECKS: Readonly<Record<string, Check>> = {
  files: config.checkFiles,
  gateway: checkGateway,
  WSL: checkWsl,
  token: checkToken,
  direct: checkDirect,
  trustedProxies: config.checkTrustedProxies,
  autoApproveLocal: config.checkAutoApprove,
  shim: checkShim,
  listen: config.checkListen,
  tools: checkTools,
  path: checkPaths,
  traffic: checkTraffic,
  auth: config.checkAuth,
  alternative: checkAlternatives,
  pending: checkPending,
  scopes: checkScopes,
  runtime: checkRuntime,
  "left behind": checkLeftovers,
};

/**
 * Reports whether a connection would be local on this gateway, and if not, why: a table of findings and a list of what
 * to do, or `--json`.
 *
 * @returns 0 if there is nothing to fix, else 1
 * @throws SettingsError
 */
export async function doctor(
  command: CommandContext<typeof DOCTOR_FLAGS>,
  limits: Deadline["limits"] = LIMITS,
): Promise<number> {
  const { stdout, flags } = command;
  const context = await openContext(command, limits);
  try {
    const findings = await runChecks(context);
    const { direct, hello } = await context.gateway();
    const toFix = findings.filter(({ status }) => status === "fix").length;
    const report = {
      ok: toFix === 0,
      local: direct.connected,
      gateway: { url: context.settings.gateway.url, version: hello?.version },
      findings,
      left: await context.leftovers(),
    };
    const display = displayOf(stdout, command.env);
    const rest = toFix === 0 ? "Nothing to fix." : `${toFix} to fix:`;
    const summary = wrapped(`${await answer(context)} ${rest}`, display.columns()).join("\n");
    const table = renderTable(findings, flags.all, display);
    const text = `${table}\n${summary}\n${renderSteps(findings, display)}`;
    stdout.write(flags.json ? `${JSON.stringify(report)}\n` : text);
    return toFix === 0 ? 0 : 1;
  } finally {
    await context.leftovers();
  }
}

async function runChecks(context: DoctorContext): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [check, run] of Object.entries(CHECKS)) {
    const results = [await run(context)].flat();
    findings.push(...results.map((result) => Object.assign({ check }, result)));
    // Of another shim nothing else would be true.
    if (check === "gateway" && (await context.gateway()).isShim) break;
  }
  return findings;
}

/** Returns the answer to the question that people come with. */
async function answer({ gateway, shim }: DoctorContext): Promise<string> {
  const { direct } = await gateway();
  if (!direct.connected)
    return direct.outcome === "pairing-required" ? "Not local." : "Not known whether local.";
  const isThrough = (await shim()).attempt?.connected;
  return `${isThrough ? "Through the shim" : "Straight to the gateway"} a tool is local.`;
}
