import { diagnose } from "../doctor/checks.ts";
import { LIMITS, type Limits } from "../doctor/deadline.ts";
import { versionOf, type Facts } from "../doctor/facts.ts";
import type { Finding } from "../doctor/finding.ts";
import { gather } from "../doctor/gather.ts";
import { renderTable } from "../doctor/table.ts";
import { SettingsError } from "../settings/error.ts";
import { loadSettings, type Loaded } from "../settings/load.ts";
import { readOpenclaw } from "../settings/openclaw.ts";
import type { CommandContext } from "./command.ts";

/** No file can be there: what OpenClaw's config would say about the gateway's address is left out. */
const NO_CONFIG = "/dev/null/openclaw.json";

/**
 * Says whether a connection would be local, on this gateway, and if not, why: a table of findings, or `--json`.
 *
 * @returns 0 when there is nothing to fix, else 1
 * @throws SettingsError
 */
export async function doctor(context: CommandContext, limits: Limits = LIMITS): Promise<number> {
  const { stdout, env } = context;
  const { settings, flags, problem } = load(context);
  const via = flags.get("via") ?? [];
  const facts = await gather({ settings, env, via, stopped: context.stopped(), limits });
  const findings = [...configProblem(problem, facts), ...diagnose(facts)];
  const well = findings.every(({ status }) => status !== "fix");
  stdout.write(
    flags.has("json") ? `${JSON.stringify(asJson(facts, findings, well))}\n` : asText(facts, findings),
  );
  return well ? 0 : 1;
}

/**
 * Loads the settings; an OpenClaw config that does not do is a finding here, and no reason to look at nothing.
 * @throws SettingsError for every other problem
 */
function load({ args, env, stdout, flags }: CommandContext): Loaded & { readonly problem?: Finding } {
  const sources = { args, env, terminal: stdout.isTTY };
  try {
    return loadSettings(sources, flags);
  } catch (error) {
    const [why] = readOpenclaw(env).problems;
    if (!(error instanceof SettingsError) || why === undefined || !error.problems.includes(why)) throw error;
    const loaded = loadSettings({ ...sources, env: { ...env, OPENCLAW_CONFIG_PATH: NO_CONFIG } }, flags);
    const { url } = loaded.settings.gateway;
    const finding = `${why.replace(/; mend it, or give --gateway URL$/, "")}; ${url} was looked at instead`;
    return {
      ...loaded,
      problem: { check: "config", status: "fix", finding, fix: "mend it, or give --gateway URL" },
    };
  }
}

/** A config that cannot be read at all is among the files that are judged. */
function configProblem(problem: Finding | undefined, { openclaw }: Facts): Finding[] {
  const known = openclaw.bad.some(({ shownPath }) => shownPath === openclaw.shownConfigPath);
  return problem === undefined || known ? [] : [problem];
}

function asJson(facts: Facts, findings: readonly Finding[], ok: boolean): object {
  const version = versionOf(facts);
  return {
    ok,
    local: facts.direct?.connected ?? false,
    gateway: { url: facts.settings.gateway.url, ...(version !== undefined && { version }) },
    findings,
    left: facts.left,
  };
}

function asText({ direct, shim }: Facts, findings: readonly Finding[]): string {
  const count = findings.filter(({ status }) => status === "fix").length;
  const rest = count === 0 ? "Nothing to fix." : `${count} to fix.`;
  return `${renderTable(findings)}\n${answer(direct, shim)} ${rest}\n`;
}

/** The question that people come with. */
function answer(direct: Facts["direct"], { attempt }: Facts["shim"]): string {
  if (direct?.connected) {
    return attempt?.connected
      ? "Through the shim a tool is local."
      : "Straight to the gateway a tool is local.";
  }
  return direct?.verdict.outcome === "pairing-required" ? "Not local." : "Not known whether local.";
}
