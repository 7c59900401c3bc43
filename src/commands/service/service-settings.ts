import { statSync } from "node:fs";
import { resolve } from "node:path";
import { readToken } from "../../openclaw/token.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { readFlags, type CommandFlag } from "../../settings/flags.ts";
import { loadSettings } from "../../settings/load.ts";
import { environmentName, isOwnVariable } from "../../settings/names.ts";
import type { Settings } from "../../settings/settings.ts";
import type { SettingKey } from "../../settings/settings-table.ts";
import { printable } from "../../text/printable.ts";
import { mergeEnvironment, parseEnvironment } from "./environment-file.ts";
import { isHidden } from "./places.ts";

/** What the service will run with. */
export interface ServiceSettings {
  readonly settings: Settings;
  /** The text of its environment file. */
  readonly environment: string;
  /** `--token-file`, absolute, where it was given. */
  readonly tokenFile?: string;
}

/** What they are made of. */
export interface ServiceSources {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly flags: readonly CommandFlag[];
  /** The environment file that is there, if one is. */
  readonly before: string | undefined;
  /** Where that is, for messages. */
  readonly path: string;
  /** The home that the service will have. */
  readonly home: string;
  /** It runs as a user of its own, which sees no home and gets the token from systemd. */
  readonly system: boolean;
  /** Its files are in an image: they cannot be read from here. */
  readonly offline: boolean;
}

const PATHS: readonly SettingKey[] = ["config", "tokenFile"];

/**
 * Puts the settings on the command line over those that the service has, and checks all of them as it will.
 *
 * @throws SettingsError
 */
export function serviceSettings(sources: ServiceSources): ServiceSettings {
  const { args, flags, before, system, offline } = sources;
  const { given, problems } = readFlags(args, flags);
  if (problems.length > 0) throw new SettingsError(problems);
  const values = new Map([...given].map(([key, { texts }]) => [key, texts.join(",")]));
  const [tokenFile, config] = [values.get("tokenFile"), values.get("config")];
  if (offline) checkOffline(tokenFile, config);
  else {
    if (tokenFile !== undefined) checkToken(tokenFile);
    if (system && config !== undefined) checkReadable(resolve(config));
  }
  const settings = load(sources);
  for (const key of PATHS) {
    const path = values.get(key);
    if (path !== undefined) values.set(key, resolve(path));
  }
  const absolute = values.get("tokenFile");
  if (system) values.delete("tokenFile");
  const variables = new Map([...values].map(([key, value]) => [environmentName(key), value]));
  const environment = mergeEnvironment(before, variables);
  return { settings, environment, ...(absolute !== undefined && { tokenFile: absolute }) };
}

/** Variables of this shell that the service will not have, as the user may think otherwise. */
export function strayVariables(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.keys(env).filter(isOwnVariable);
}

function load({ args, flags, before = "", path, home }: ServiceSources): Settings {
  let settings;
  try {
    ({ settings } = loadSettings(
      { args, env: { ...parseEnvironment(before), HOME: home }, terminal: false },
      flags,
    ));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const said = error.problems.map((problem) =>
      isOwnVariable(problem) ? `${problem} (in ${path})` : problem,
    );
    throw new SettingsError(said);
  }
  if (settings.listen.every(({ port }) => port !== 0)) return settings;
  throw new SettingsError([
    "--listen: port 0 is another one at every start; a service needs a port of its own",
  ]);
}

function checkOffline(tokenFile: string | undefined, config: string | undefined): void {
  if (config !== undefined) {
    throw new SettingsError(["--config: cannot be read in an image; give the settings in it as flags"]);
  }
  if (tokenFile !== undefined && !tokenFile.startsWith("/")) {
    throw new SettingsError([
      "--token-file: with --root, give the absolute path that the file has in the image, such as /etc/openclaw-shim/token",
    ]);
  }
}

function checkToken(tokenFile: string): void {
  const token = readToken(tokenFile, {});
  if ("why" in token) throw new SettingsError([`--token-file: ${token.why}; ${token.fix}`]);
}

/** A user of its own can read only what all may. */
function checkReadable(config: string): void {
  const mode = statSync(config, { throwIfNoEntry: false })?.mode ?? 0o004;
  if (!isHidden(config) && (mode & 0o004) !== 0) return;
  const shown = printable(config, 120);
  throw new SettingsError([
    `--config: the system service cannot read ${shown}; put it into /etc/openclaw-shim, readable for all`,
  ]);
}
