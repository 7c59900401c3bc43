import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { readToken, type TokenProblem } from "../../openclaw/token.ts";
import { loadSettings } from "../../settings/load.ts";
import { environmentName, isOwnVariable } from "../../settings/setting-row.ts";
import type { Layer } from "../../settings/layers.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { SETTING_ROWS, type Settings } from "../../settings/settings.ts";
import { printable } from "../../text/printable.ts";
import type { Scope } from "./find-service.ts";
import { follow, readText, type FileOperation } from "./service-root.ts";

/** Name of files, folders and units. */
export const NAME = "openclaw-shim";

/** The user who works on a service; `uid` is undefined on a platform without user ids. */
export interface User {
  readonly uid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

/** What is installed; `files` are the program and its settings, `node` is an absolute path. */
export interface ServiceProgram {
  readonly node: string;
  readonly settings: Settings;
  readonly files: readonly FileOperation[];
}

const HEADER = `# Settings of the openclaw-shim service: openclaw-shim --help lists them. Never put a token here.
# openclaw-shim install adds to this file, keeps what is in it, and makes the units fit; so after a change, run it.
`;
/** Needs no quotes, for systemd (systemd.exec(5), EnvironmentFile=) and for Node's --env-file. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./[\]-]+$/;
/** The sandbox of the system service hides them: ProtectHome=, PrivateTmp=. */
export const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;

/**
 * Merges the settings of the command line into the text of the service's environment file, and validates all as the
 * service will.
 *
 * @returns `hasToken`: false if `--approve` needs a token that an image does not contain yet
 * @throws SettingsError
 */
export async function serviceSettings(layer: Layer, scope: Scope) {
  const { given, problems } = layer;
  if (problems.length > 0) throw new SettingsError(...problems);
  checkPaths(layer, scope);
  const before = readText(scope.root, scope.environment);
  const settings = await load(layer, parseEnv(before ?? ""), scope);
  const values = new Map<string, string>();
  for (const [key, { metavar }] of SETTING_ROWS) {
    const texts = given.get(key)?.texts.map((text) => (metavar === "FILE" ? resolve(text) : text));
    // The user of the system service cannot read the token's file: systemd passes the token on.
    if (texts && !(key === "tokenFile" && scope.system)) values.set(environmentName(key), texts.join(","));
  }
  const variables = mergeEnvironment(before, values);
  const missing = tokenProblem(settings.tokenFile, parseEnv(variables), scope);
  if (missing && given.has("tokenFile")) throw invalid("--token-file", missing.why, missing.fix);
  const hasToken = settings.approve === "off" || !missing;
  if (hasToken || scope.offline) return { settings, variables, hasToken };
  const problem = "needs the gateway's token, and the service would find none";
  throw invalid("--approve seen", problem, "add --token-file FILE");
}

/** Returns the error for a setting that a service cannot use. */
export function invalid(setting: string, problem: string, fix: string): SettingsError {
  return new SettingsError({ setting, problem, fix });
}

/** Returns text for a line of a file. @throws SettingsError for a control character, which could begin a new line */
export function lineOf(setting: string, text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw invalid(setting, "contains a line break or another control character", "remove it");
}

/** Escapes character data of XML 1.0, which allows no control characters (section 2.2). @throws SettingsError */
export function xml(path: string): string {
  return lineOf("a path of the service", path).replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * Sets variables in the text of an environment file: replaces the lines that set them, and keeps all others.
 *
 * @param before undefined if there is no file
 * @throws SettingsError for a value that a line cannot hold
 */
export function mergeEnvironment(before: string | undefined, values: ReadonlyMap<string, string>): string {
  const kept = (before ?? HEADER)
    .split("\n")
    .filter((line) => !values.has(/^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1] ?? ""));
  while (kept.at(-1) === "") kept.pop();
  const lines = [...values].map(([name, value]) => `${name}=${inQuotes(name, value)}`);
  return `${[...kept, ...lines].join("\n")}\n`;
}

/** Chooses quotes that systemd and Node read alike: neither expands variables, only double quotes have escapes. */
function inQuotes(name: string, value: string): string {
  if (PLAIN.test(value)) return value;
  if (!lineOf(name, value).includes("'")) return `'${value}'`;
  if (!/["\\]/.test(value)) return `"${value}"`;
  const problem = 'contains a single quote and one of " \\, which no environment file can hold';
  throw invalid(name, problem, "use another name");
}

async function load(given: Layer, env: NodeJS.ProcessEnv, { environment, home }: Scope): Promise<Settings> {
  try {
    const settings = await loadSettings({ given, env: { ...env, HOME: home } });
    const { listen, metricsListen } = settings;
    if (metricsListen?.port === 0) throw withoutPort("--metrics-listen");
    if (listen.some(({ port }) => port === 0)) throw withoutPort("--listen");
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const located = (name: string): string => (isOwnVariable(name) ? `${name} in ${environment}` : name);
    throw new SettingsError(
      ...error.problems.map((problem) => Object.assign({}, problem, { setting: located(problem.setting) })),
    );
  }
}

function withoutPort(setting: string): SettingsError {
  return invalid(setting, "port 0 is another port at every start", "give a service a fixed port");
}

function checkPaths({ given }: Layer, { offline, system }: Scope): void {
  const [config, tokenFile] = ["config", "tokenFile"].map((key) => given.get(key)?.texts[0]);
  if (offline && config !== undefined)
    throw invalid("--config", "cannot be read in an image", "give its settings as flags");
  if (offline && tokenFile?.startsWith("/") === false) {
    const fix = "with --root, give the absolute path of the file in the image";
    throw invalid("--token-file", "is not an absolute path", fix);
  }
  if (!system || config === undefined) return;
  const path = resolve(config);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o004;
  if ((mode & 0o004) !== 0 && !HIDDEN.test(path)) return;
  const problem = `the system service cannot read ${printable(path, 120)}`;
  throw invalid("--config", problem, "put it into /etc/openclaw-shim, readable for everyone");
}

/** Returns why the service would find no token. A token file of an image cannot be read now. */
function tokenProblem(
  tokenFile: string | undefined,
  env: NodeJS.ProcessEnv,
  scope: Scope,
): TokenProblem | undefined {
  const { root, dropIns, offline, home } = scope;
  if (offline && tokenFile !== undefined) return undefined;
  const found = readToken(tokenFile, { ...env, HOME: join(root, home) });
  const folder = tokenFile === undefined && dropIns !== undefined && follow(root, dropIns);
  const files = folder ? readdirSync(folder).filter((name) => name.endsWith(".conf")) : [];
  const texts = files.map((name) => readText(root, join(dropIns ?? "", name)) ?? "");
  const isGiven = texts.some((text) => /openclaw-gateway-token|OPENCLAW_GATEWAY_TOKEN/.test(text));
  return "why" in found && !isGiven ? found : undefined;
}
