import { join } from "node:path";
import { PrepairError } from "./error.ts";
import { asOwnerOf } from "./owner.ts";
import { PAIRED, prepair as prepare } from "./prepair.ts";
import type { PrepairReport } from "./prepair.ts";
import type { Environment } from "../../openclaw/config.ts";
import { quoted, SettingsError } from "../../settings/settings-error.ts";
import { readFlags } from "../../settings/flags.ts";
import { listHint } from "../../settings/layer.ts";
import { loadSettings } from "../../settings/load.ts";
import { openclawConfigPath, openclawStateDir } from "../../openclaw/config.ts";
import { SETTINGS } from "../../settings/settings-table.ts";
import { accessName, choice } from "../../settings/values.ts";
import type { Parsed } from "../../settings/values.ts";
import { unknownScopes } from "../../settings/warnings.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";

const OPERATOR = "operator";
const MAX_NAME = 80;

/**
 * Writes the device identity and its pre-approved entry into OpenClaw's state directory, before the gateway's start.
 *
 * @returns 0 when the device is paired there now or was before, 1 with the reason on stderr when nothing was done
 * @throws SettingsError
 */
export async function prepair(context: CommandContext): Promise<number> {
  const { args, stdout, complain } = context;
  const env = withStateDir(context);
  const { settings, flags } = loadSettings({ args, env, terminal: stdout.isTTY }, context.flags);
  const stateDir = openclawStateDir(env);
  const configPath = openclawConfigPath(env);
  if (stateDir === undefined || configPath === undefined) {
    throw new SettingsError(["--state-dir: needed here, as this user has no home folder"]);
  }
  const grant = readGrant(flags);
  for (const warning of unknownScopes("--scope", grant.scopes)) complain(`warning: ${warning}`);
  const dryRun = flags.has("dry-run");
  let report: PrepairReport;
  try {
    report = await asOwnerOf(stateDir, () =>
      prepare({
        ...grant,
        dryRun,
        stateDir,
        configPaths: [configPath],
        temporaryFolders: [temporaryFolder(env), "/tmp"],
        gateway: settings.gateway,
      }),
    );
  } catch (error) {
    if (!(error instanceof PrepairError)) throw error;
    complain(error.message);
    return 1;
  }
  const more = flags.has("scope") || flags.has("role") ? moreThan(grant, report) : [];
  if (more.length > 0) complain(`warning: ${printable(keptWith(more, report), 1_000)}`);
  stdout.write(flags.has("json") ? `${JSON.stringify({ ...report, dryRun })}\n` : describe(report, dryRun));
  return 0;
}

/** `--state-dir` means what `OPENCLAW_STATE_DIR` means: OpenClaw's config is looked for there, too. */
function withStateDir({ args, flags, env }: CommandContext): Environment {
  const [stateDir] = readFlags(args, flags).flags.get("state-dir") ?? [];
  return stateDir === undefined ? env : { ...env, OPENCLAW_STATE_DIR: stateDir };
}

// As Node's os.tmpdir() has it.
function temporaryFolder(env: Environment): string {
  return env["TMPDIR"] || env["TMP"] || env["TEMP"] || "/tmp";
}

interface GrantFlags {
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly displayName: string | undefined;
}

function readGrant(flags: ReadonlyMap<string, readonly string[]>): GrantFlags {
  const problems: string[] = [];
  const take = (name: string, parse: (text: string) => Parsed<string>): string[] =>
    [...new Set(flags.get(name) ?? [])].flatMap((text) => {
      const parsed = parse(text);
      if ("value" in parsed) return [parsed.value];
      problems.push(`--${name}: ${quoted(text)} ${parsed.why}${listHint(`--${name}`, text)}`);
      return [];
    });
  const asked = take("role", choice(OPERATOR, "node"));
  const roles = flags.has("role") ? asked : [OPERATOR];
  const byDefault = roles.includes(OPERATOR) ? (SETTINGS.approveScopes.default ?? []) : [];
  const scopes = flags.has("scope") ? take("scope", accessName) : byDefault;
  for (const scope of scopes) {
    if (problems.length === 0 && !roles.some((role) => scope.startsWith(`${role}.`))) {
      problems.push(`--scope: "${scope}" belongs to none of the roles asked for: ${roles.join(", ")}`);
    }
  }
  const [displayName] = take("display-name", nameOfDevice);
  if (problems.length > 0) throw new SettingsError(problems);
  return { roles, scopes, displayName };
}

function nameOfDevice(text: string): Parsed<string> {
  return printable(text, MAX_NAME) === text && text.trim() !== ""
    ? { value: text }
    : { why: `is not a name of at most ${MAX_NAME} printable characters` };
}

/** The roles and scopes that the device has, and was not asked to have: nothing is taken from an entry. */
function moreThan({ roles, scopes }: GrantFlags, report: PrepairReport): readonly string[] {
  const asked = new Set([...roles, ...scopes]);
  return [...report.roles, ...report.scopes].filter((name) => !asked.has(name));
}

function keptWith(more: readonly string[], { stateDir, deviceId }: PrepairReport): string {
  return (
    `the device was paired before, and keeps more than was asked for: ${more.join(", ")}; to have it without, ` +
    `take the entry ${deviceId} out of ${join(stateDir, PAIRED)} and run this again`
  );
}

const PAIRED_NOTES = { created: "new entry", updated: "entry extended", unchanged: "as it was" };

function describe(report: PrepairReport, dryRun: boolean): string {
  const { stateDir, deviceId, identity, roles, scopes, paired, removedRequests, written } = report;
  const rows = [
    ["device", `${deviceId ?? "made when it is written"} (${identity === "kept" ? "as it was" : "new"})`],
    ["roles", `${roles.join(" ")} (${PAIRED_NOTES[paired]})`],
    ["scopes", scopes.join(" ") || "none"],
    ["requests", removedRequests.length === 0 ? "none pending" : `removed ${removedRequests.join(" ")}`],
    [
      dryRun ? "would write" : "wrote",
      written.map((file) => join(stateDir, file)).join(" ") || "nothing: all is there",
    ],
    ["next", dryRun ? "run it without --dry-run, then start the gateway" : "now start the gateway"],
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(13)}${printable(value, 1_000)}\n`).join("");
}
