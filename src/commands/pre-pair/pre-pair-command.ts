import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openclawConfigPath, openclawStateDir } from "../../openclaw/config.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import { readFlags } from "../../settings/flags.ts";
import { listHint } from "../../settings/layer.ts";
import { loadSettings } from "../../settings/load.ts";
import { quoted, SettingsError } from "../../settings/settings-error.ts";
import { accessName, choice } from "../../settings/values.ts";
import type { Parsed } from "../../settings/values.ts";
import { unknownScopes } from "../../settings/warnings.ts";
import { errorCode, printable } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";
import type { Grant } from "./device-entries.ts";
import { PAIRED, prePair } from "./pre-pair.ts";
import type { PrePairReport } from "./pre-pair.ts";
import { PrePairError } from "./pre-pair-error.ts";

const MAX_NAME = 80;
const MAX_LINE = 1_000;

/**
 * Writes the device identity and its approved entry into OpenClaw's state directory, before the gateway's first start.
 *
 * @returns 0 if the device is paired there now, 1 with the reason on stderr if nothing was written
 * @throws SettingsError
 */
export async function runPrePair(context: CommandContext): Promise<number> {
  const { args, flags: known, env, stdout, complain } = context;
  const [given] = readFlags(args, known).flags.get("state-dir") ?? [];
  // The settings, too, are to come from the config of that state directory.
  const stateEnv = given === undefined ? env : { ...env, OPENCLAW_STATE_DIR: given };
  const { settings, flags } = loadSettings({ args, env: stateEnv, terminal: stdout.isTTY }, known);
  const stateDir = openclawStateDir(stateEnv);
  const configPath = openclawConfigPath(stateEnv);
  if (stateDir === undefined || configPath === undefined) {
    throw new SettingsError(["--state-dir: required, because this user has no home folder"]);
  }
  const grant = readGrant(flags);
  for (const warning of unknownScopes("--scope", grant.scopes)) complain(`warning: ${warning}`);
  const { gateway } = settings;
  const dryRun = flags.has("dry-run");
  const options = { ...grant, dryRun, stateDir, configPath, temporaryFolders: [tmpdir(), "/tmp"], gateway };
  let report: PrePairReport;
  try {
    report = await asOwnerOf(stateDir, () => prePair(options));
  } catch (error) {
    if (!(error instanceof PrePairError)) throw error;
    complain(error.message);
    return 1;
  }
  const requested = new Set([...grant.roles, ...grant.scopes]);
  const excess = [...report.roles, ...report.scopes].filter((name) => !requested.has(name));
  if (excess.length > 0 && (flags.has("scope") || flags.has("role"))) {
    const entry = `the entry ${report.deviceId} from ${join(report.stateDir, PAIRED)}`;
    const warning = `the device was paired before and keeps more than you requested: ${excess.join(", ")}`;
    complain(`warning: ${printable(`${warning}; to take that away, remove ${entry} and repeat`, MAX_LINE)}`);
  }
  stdout.write(flags.has("json") ? `${JSON.stringify({ ...report, dryRun })}\n` : describe(report, dryRun));
  return 0;
}

/**
 * Runs `work` as the owner of a folder, or of the nearest existing folder above it, if this process runs as root.
 * Otherwise the gateway could not read what root writes for another user, and that user could misdirect root by a link.
 *
 * @throws PrePairError if root may not become that user (a container without CAP_SETUID)
 */
export async function asOwnerOf<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  const { uid, gid } = nearestStat(folder);
  const group = process.getegid?.() ?? 0;
  if (uid === 0) return work();
  try {
    process.setegid?.(gid);
    process.seteuid?.(uid);
  } catch (error) {
    const problem = `root may not act as user ${uid} here (${errorCode(error)})`;
    throw new PrePairError(problem, "run pre-pair as that user");
  }
  return work().finally(() => {
    process.seteuid?.(0);
    process.setegid?.(group);
  });
}

function nearestStat(folder: string): { readonly uid: number; readonly gid: number } {
  return statSync(folder, { throwIfNoEntry: false }) ?? nearestStat(dirname(folder));
}

function readGrant(flags: ReadonlyMap<string, readonly string[]>): Grant {
  const problems: string[] = [];
  const take = (name: string, parse: (text: string) => Parsed<string>): string[] =>
    [...new Set(flags.get(name) ?? [])].flatMap((text) => {
      const parsed = parse(text);
      if ("value" in parsed) return [parsed.value];
      problems.push(`--${name}: ${quoted(text)} ${parsed.why}${listHint(`--${name}`, text)}`);
      return [];
    });
  const requested = take("role", choice("operator", "node"));
  const roles = flags.has("role") ? requested : ["operator"];
  const byDefault = roles.includes("operator") ? OPERATOR_SCOPES : [];
  const scopes = flags.has("scope") ? take("scope", accessName) : byDefault;
  for (const scope of scopes) {
    if (problems.length === 0 && !roles.some((role) => scope.startsWith(`${role}.`))) {
      problems.push(`--scope: "${scope}" belongs to none of the requested roles: ${roles.join(", ")}`);
    }
  }
  const [displayName] = take("display-name", deviceName);
  if (problems.length > 0) throw new SettingsError(problems);
  return { roles, scopes, displayName };
}

function deviceName(text: string): Parsed<string> {
  return printable(text, MAX_NAME) === text && text.trim() !== ""
    ? { value: text }
    : { why: `is not a name of at most ${MAX_NAME} printable characters` };
}

function describe(report: PrePairReport, dryRun: boolean): string {
  const { stateDir, deviceId, identity, roles, scopes, paired, removedRequests, written } = report;
  const paths = written.map((file) => join(stateDir, file));
  const rows = [
    ["device", `${deviceId ?? "not created yet"} (${identity === "kept" ? "unchanged" : "new"})`],
    ["roles", `${roles.join(" ")} (entry ${paired})`],
    ["scopes", scopes.join(" ") || "none"],
    ["requests", removedRequests.length === 0 ? "none pending" : `removed ${removedRequests.join(" ")}`],
    [dryRun ? "would write" : "wrote", paths.join(" ") || "nothing: everything is in place"],
    ["next", dryRun ? "run it without --dry-run, then start the gateway" : "now start the gateway"],
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(13)}${printable(value, MAX_LINE)}\n`).join("");
}
