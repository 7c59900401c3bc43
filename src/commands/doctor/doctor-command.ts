import { loadDespiteOpenclaw } from "../../settings/load.ts";
import { SettingsError, statement } from "../../settings/settings-error.ts";
import type { CommandContext, DOCTOR_FLAGS } from "../../cli/command.ts";
import { authCheck } from "./checks/auth-check.ts";
import { autoApproveCheck } from "./checks/auto-approve-check.ts";
import { directCheck } from "./checks/direct-check.ts";
import { gatewayCheck } from "./checks/gateway-check.ts";
import { leftoversCheck } from "./checks/leftovers-check.ts";
import { listenCheck } from "./checks/listen-check.ts";
import { openclawFilesCheck } from "./checks/openclaw-files-check.ts";
import { pathsCheck } from "./checks/paths-check.ts";
import { pendingCheck } from "./checks/pending-check.ts";
import { runtimeCheck } from "./checks/runtime-check.ts";
import { scopesCheck } from "./checks/scopes-check.ts";
import { shimCheck } from "./checks/shim-check.ts";
import { tokenCheck } from "./checks/token-check.ts";
import { toolsCheck } from "./checks/tools-check.ts";
import { trafficCheck } from "./checks/traffic-check.ts";
import { trustedProxiesCheck } from "./checks/trusted-proxies-check.ts";
import { LIMITS, type Limits } from "./deadline.ts";
import { openContext, type DoctorContext } from "./doctor-context.ts";
import { findingOf, type Check, type Finding } from "./finding.ts";
import { renderTable } from "./findings-format.ts";
import { readToolUrl } from "./tool-urls.ts";

/** Every check, in the order in which they run and are shown. */
const CHECKS: readonly Check[] = [
  openclawFilesCheck,
  gatewayCheck,
  tokenCheck,
  directCheck,
  trustedProxiesCheck,
  autoApproveCheck,
  shimCheck,
  listenCheck,
  toolsCheck,
  pathsCheck,
  trafficCheck,
  authCheck,
  pendingCheck,
  scopesCheck,
  runtimeCheck,
  leftoversCheck,
];

/**
 * Reports whether a connection would be local on this gateway, and if not, why: a table of findings, or `--json`.
 *
 * @returns 0 if there is nothing to fix, else 1
 * @throws SettingsError
 */
export async function doctor(
  context: CommandContext<typeof DOCTOR_FLAGS>,
  limits: Limits = LIMITS,
): Promise<number> {
  const { stdout, env, program } = context;
  const { settings, problem } = await loadDespiteOpenclaw(context);
  const configProblem = problem && statement(problem);
  const via = context.flags.via.map((text) => readToolUrl("--via", text, settings));
  const bad = via.filter(({ url }) => !url);
  if (bad.length > 0) {
    const wrong = { setting: "--via", problem: "is not a ws:// or wss:// URL", fix: "write ws://HOST:PORT" };
    throw new SettingsError(...bad.map(({ shown }) => Object.assign({ value: shown }, wrong)));
  }
  const run = openContext({ program, settings, env, via, configProblem }, context.stopped(), limits);
  try {
    const findings = await runChecks(run);
    const text = context.flags.json
      ? JSON.stringify(await reportOf(run, findings))
      : await textOf(run, findings);
    stdout.write(`${text}\n`);
    return countToFix(findings) === 0 ? 0 : 1;
  } finally {
    await run.close();
  }
}

async function runChecks(context: DoctorContext): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    for (const result of [await check.run(context)].flat()) findings.push(findingOf(check.name, result));
    // Of another shim nothing else would be true.
    if (check === gatewayCheck && (await context.gateway()).isShim) break;
  }
  return findings;
}

function countToFix(findings: readonly Finding[]): number {
  return findings.filter(({ status }) => status === "fix").length;
}

async function reportOf(
  { settings, gateway, leftovers }: DoctorContext,
  findings: readonly Finding[],
): Promise<object> {
  const { direct, hello } = await gateway();
  const { url } = settings.gateway;
  return {
    ok: countToFix(findings) === 0,
    local: direct?.connected ?? false,
    gateway: { url, ...(hello?.version !== undefined && { version: hello.version }) },
    findings,
    left: await leftovers(),
  };
}

/** The table, and the answer to the question that people come with. */
async function textOf({ gateway, shim }: DoctorContext, findings: readonly Finding[]): Promise<string> {
  const { direct } = await gateway();
  const count = countToFix(findings);
  const rest = count === 0 ? "Nothing to fix." : `${count} to fix.`;
  let answer = "Not known whether local.";
  if (direct?.connected) {
    const isThrough = (await shim()).attempt?.connected;
    answer = isThrough ? "Through the shim a tool is local." : "Straight to the gateway a tool is local.";
  } else if (direct?.verdict.outcome === "pairing-required") answer = "Not local.";
  return `${renderTable(findings)}\n${answer} ${rest}`;
}
