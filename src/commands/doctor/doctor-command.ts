import { diagnose } from "./checks.ts";
import { LIMITS, type Limits } from "./deadline.ts";
import { versionOf, type Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { gather } from "./gather.ts";
import { renderTable } from "./table.ts";
import { readToolUrl } from "./tool-urls.ts";
import { quoted, SettingsError } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";
import type { CommandContext } from "../command.ts";
import { loadDespiteOpenclaw } from "../load-settings.ts";

/**
 * Says whether a connection would be local, on this gateway, and if not, why: a table of findings, or `--json`.
 *
 * @returns 0 when there is nothing to fix, else 1
 * @throws SettingsError
 */
export async function doctor(context: CommandContext, limits: Limits = LIMITS): Promise<number> {
  const { stdout, env, program } = context;
  const { settings, flags, problem } = loadDespiteOpenclaw(context);
  const via = flags.get("via") ?? [];
  checkWays(via, settings);
  const facts = await gather({ program, settings, env, via, stopped: context.stopped(), limits });
  const findings = [...configProblem(problem, facts), ...diagnose(facts)];
  const well = findings.every(({ status }) => status !== "fix");
  stdout.write(
    flags.has("json") ? `${JSON.stringify(asJson(facts, findings, well))}\n` : asText(facts, findings),
  );
  return well ? 0 : 1;
}

/** @throws SettingsError where a `--via` is no URL that a tool could connect to */
function checkWays(via: readonly string[], settings: Settings): void {
  const bad = via.filter((text) => !readToolUrl("--via", text, settings).url);
  if (bad.length === 0) return;
  throw new SettingsError(
    bad.map((text) => `--via: ${quoted(text)} is not a ws:// or wss:// URL; write ws://HOST:PORT`),
  );
}

/** A config that cannot be read at all is among the files that are judged. */
function configProblem(problem: string | undefined, { openclaw, settings }: Facts): Finding[] {
  const known = openclaw.bad.some(({ shownPath }) => shownPath === openclaw.shownConfigPath);
  if (problem === undefined || known) return [];
  const finding = `${problem}; ${settings.gateway.url} was looked at instead`;
  return [{ check: "config", status: "fix", finding, fix: "mend it, or give --gateway URL" }];
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
