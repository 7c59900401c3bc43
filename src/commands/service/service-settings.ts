import { statSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { readToken } from "../../openclaw/token.ts";
import { loadSettings } from "../../settings/load.ts";
import { environmentName, isOwnVariable } from "../../settings/setting-row.ts";
import type { Layer } from "../../settings/layers.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";
import { printable } from "../../text/printable.ts";
import { invalid, lineOf } from "./service-manager.ts";
import type { Service, ServiceSettings, ServiceTarget } from "./service-manager.ts";

const HEADER = `# Settings of the openclaw-shim service: openclaw-shim --help lists them. Never put a token here.
# openclaw-shim install adds to this file, keeps what is in it, and makes the units fit; so after a change, run it.
`;
/** Needs no quotes, for systemd (systemd.exec(5), EnvironmentFile=) and for Node's --env-file. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./[\]-]+$/;
/** The sandbox of the system service hides them: ProtectHome=, PrivateTmp=. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;

/**
 * Merges the settings of the command line into those of the service, and validates all as the service will.
 *
 * @param given the settings of the command line
 * @throws SettingsError
 */
export async function serviceSettings(given: Layer, service: Service): Promise<ServiceSettings> {
  if (given.problems.length > 0) throw new SettingsError(...given.problems);
  const values = new Map([...given.given].map(([key, { texts }]) => [key, texts.join(",")]));
  checkFiles(values.get("tokenFile"), values.get("config"), service);
  const before = service.root.read(service.environment);
  const settings = await load(given, parseEnv(before ?? ""), service);
  for (const key of ["config", "tokenFile"] as const) {
    const path = values.get(key);
    if (path !== undefined) values.set(key, resolve(path));
  }
  const tokenFile = values.get("tokenFile");
  // The user of the system service cannot read the file: systemd passes the token on.
  if (service.system) values.delete("tokenFile");
  const named = new Map([...values].map(([key, value]) => [environmentName(key), value]));
  const variables = mergeEnvironment(before, named);
  const hasToken =
    settings.approve === "off" || tokenFile !== undefined || findsToken(settings, variables, service);
  if (hasToken || service.image !== undefined) return { settings, variables, tokenFile, hasToken };
  const problem = "needs the gateway's token, and the service would find none";
  throw invalid("--approve seen", problem, "add --token-file FILE");
}

/** Returns true if the sandbox of the service hides a path. */
export function isHidden(path: string, { system }: Pick<ServiceTarget, "system">): boolean {
  return system && HIDDEN.test(path);
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

async function load(given: Layer, env: NodeJS.ProcessEnv, { environment, home }: Service): Promise<Settings> {
  try {
    const settings = await loadSettings({ given, env: { ...env, HOME: home }, terminal: false });
    if (settings.listen.every(({ port }) => port !== 0)) return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const located = (setting: string): string =>
      isOwnVariable(setting) ? `${setting} in ${environment}` : setting;
    throw new SettingsError(
      ...error.problems.map((problem) => Object.assign({}, problem, { setting: located(problem.setting) })),
    );
  }
  throw invalid("--listen", "port 0 is another port at every start", "give a service a fixed port");
}

/** Checks the files that the service will read; those in an image cannot be read now. */
function checkFiles(tokenFile: string | undefined, config: string | undefined, service: Service): void {
  if (service.image !== undefined) {
    if (config !== undefined) {
      throw invalid("--config", "cannot be read in an image", "give its settings as flags");
    }
    if (tokenFile === undefined || tokenFile.startsWith("/")) return;
    const fix =
      "with --root, give the absolute path of the file in the image, such as /etc/openclaw-shim/token";
    throw invalid("--token-file", "is not an absolute path", fix);
  }
  const token = tokenFile === undefined ? undefined : readToken(tokenFile, {});
  if (token && "why" in token) throw invalid("--token-file", token.why, token.fix);
  if (!service.system || config === undefined) return;
  const path = resolve(config);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o004;
  if (!isHidden(path, service) && (mode & 0o004) !== 0) return;
  const problem = `the system service cannot read ${printable(path, 120)}`;
  throw invalid("--config", problem, "put it into /etc/openclaw-shim, readable for everyone");
}

function findsToken({ tokenFile }: Settings, environment: string, service: Service): boolean {
  if (service.givesToken()) return true;
  const env = parseEnv(environment);
  if (service.image !== undefined) return Boolean(tokenFile ?? env["OPENCLAW_GATEWAY_TOKEN"]);
  return "secret" in readToken(tokenFile, { ...env, HOME: service.home });
}
