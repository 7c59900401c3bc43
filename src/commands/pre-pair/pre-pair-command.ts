import { lstatSync, realpathSync, statSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openclawConfigPath, openclawStateDir } from "../../openclaw/config.ts";
import { OPERATOR_SCOPES } from "../../openclaw/scopes.ts";
import { loadSettings } from "../../settings/load.ts";
import type { Values } from "../../settings/setting-row.ts";
import { problemLine, SettingsError } from "../../settings/settings-error.ts";
import { unknownAccess } from "../../settings/warnings.ts";
import { errorCode, printable } from "../../text/printable.ts";
import type { CommandContext, PRE_PAIR_FLAGS } from "../../cli/command.ts";
import type { Grant } from "./device-entries.ts";
import { PAIRED, prePair, type PrePairReport } from "./pre-pair.ts";
import { optional, PrePairError, unfit } from "./state-file.ts";

const MAX_LINE = 1_000;

/**
 * Writes the device identity and its approved entry into OpenClaw's state directory, before the gateway's first start.
 *
 * @returns 0 if the device is paired there now, 1 with the reason on stderr if nothing was written
 * @throws SettingsError
 */
export async function runPrePair(context: CommandContext<typeof PRE_PAIR_FLAGS>): Promise<number> {
  const { flags, stdout, complain } = context;
  const { dryRun } = flags;
  // The settings, too, come from the config of that state directory.
  const env = { ...context.env, ...(flags.stateDir !== undefined && { OPENCLAW_STATE_DIR: flags.stateDir }) };
  const { gateway } = await loadSettings({ ...context, env });
  const stateDir = openclawStateDir(env);
  const configPath = openclawConfigPath(env);
  const problem = "required, because this user has no home folder";
  if (stateDir === undefined || configPath === undefined)
    throw new SettingsError({ setting: "--state-dir", problem });
  const grant = readGrant(flags);
  for (const warning of unknownAccess("--scope", "scope", grant.scopes))
    complain(`warning: ${problemLine(warning)}`);
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
  if (excess.length > 0 && flags.scope.length + flags.role.length > 0) {
    const entry = `the entry ${report.deviceId} from ${join(report.stateDir, PAIRED)}`;
    const warning = `the device was paired before and keeps more than you requested: ${excess.join(", ")}`;
    complain(`warning: ${printable(`${warning}; to take that away, remove ${entry} and repeat`, MAX_LINE)}`);
  }
  stdout.write(flags.json ? `${JSON.stringify({ ...report, dryRun })}\n` : describe(report, dryRun));
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
  refuseOthersOnTheWay(folder, uid);
  if (uid === 0) return work();
  const group = process.getegid?.() ?? 0;
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

/** A user can make a link of what is in a folder of theirs, and misdirect root to a folder that is not (CWE-59). */
function refuseOthersOnTheWay(folder: string, owner: number): void {
  const real = optional(() => realpathSync(folder)) ?? folder;
  for (const end of [folder, real]) {
    for (let path = end; path !== dirname(path); path = dirname(path)) {
      const { uid = 0 } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
      if (uid === 0 || uid === owner) continue;
      const why = `is user ${uid}'s, who could lead root from there to a folder of user ${owner}`;
      throw unfit(path, why, `run pre-pair as user ${uid}, or give that user the state directory (chown)`);
    }
  }
}

function nearestStat(folder: string): Stats {
  return statSync(folder, { throwIfNoEntry: false }) ?? nearestStat(dirname(folder));
}

function readGrant({ role, scope, displayName }: Values<typeof PRE_PAIR_FLAGS>): Grant {
  const roles = role.length > 0 ? [...new Set(role)] : ["operator"];
  const byDefault = roles.includes("operator") ? OPERATOR_SCOPES : [];
  const scopes = scope.length > 0 ? [...new Set(scope)] : byDefault;
  const foreign = scopes.find((name) => !roles.some((owner) => name.startsWith(`${owner}.`)));
  if (foreign === undefined) return { roles, scopes, displayName };
  const problem = `belongs to none of the requested roles: ${roles.join(", ")}`;
  throw new SettingsError({ setting: "--scope", value: foreign, problem });
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
