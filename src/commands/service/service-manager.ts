import { join } from "node:path";
import { IDENTITY_FILE } from "../../approve/approver-identity.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Operation } from "./operations.ts";
import type { FileOperation, ServiceRoot } from "./service-root.ts";

/** Name of files, folders and units. */
export const NAME = "openclaw-shim";

/** The user who works on a service; `uid` is undefined on a platform without user ids. */
export interface ServiceUser {
  readonly uid: number | undefined;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The settings of a service. */
export interface ServiceSettings {
  readonly settings: Settings;
  /** Text of the environment file. */
  readonly variables: string;
  /** Absolute path of `--token-file`, if it was given now. */
  readonly tokenFile: string | undefined;
  /** False if `--approve` needs a token that an image does not contain yet. */
  readonly hasToken: boolean;
}

/** What is installed. */
export interface ServiceProgram extends ServiceSettings {
  /** Absolute path of Node. */
  readonly node: string;
  readonly script: Buffer;
}

/** The state of a service, as its manager reports it. */
export interface ServiceState {
  /** The unit and its scope, or the LaunchAgent and its domain. */
  readonly name: string;
  /** It is the machine's service, not a user's. */
  readonly system: boolean;
  readonly installed: boolean;
  readonly running: boolean;
  /** In the manager's words, such as `active (running)`. */
  readonly state: string;
  /** State of the socket unit, and true if it starts automatically; only under systemd. */
  readonly socket?: string;
  readonly enabled?: boolean;
  readonly pid?: number;
  readonly listen: Settings["listen"];
}

/** What a service is installed as. Paths are absolute, as the running service sees them. */
export interface ServiceTarget {
  readonly root: ServiceRoot;
  /** Folder of an image that does not run: commands cannot be run. */
  readonly image?: string | undefined;
  /** The machine's service: its own user can read no private file, and the sandbox hides home folders. */
  readonly system: boolean;
  /** Of the service, not of the user who installs it. */
  readonly home: string;
  /** The program, a copy: an npx cache or a node_modules folder may disappear. */
  readonly bundle: string;
  /** The file of `OPENCLAW_SHIM_*` settings, mode 0600. */
  readonly environment: string;
  /** The device identity of `--approve`; undefined if the manager owns it. */
  readonly identity?: string | undefined;
  /** Environment of the manager's commands. */
  readonly env: NodeJS.ProcessEnv;
  /** Prints the log of the service. */
  readonly logCommand: string;
}

/** A service of systemd or launchd. Another service manager is one more file that makes one of these. */
export interface Service extends ServiceTarget {
  /** @throws ServiceError if the manager does not respond, or this user may not use it */
  check(command: "install" | "uninstall"): Promise<void>;
  /** Plans an installation or upgrade. @throws SettingsError if the manager's files cannot hold a value */
  planInstall(program: ServiceProgram): Promise<Operation[]>;
  planUninstall(): Promise<Operation[]>;
  /** Returns true if the user has told the manager to give the service a token. */
  givesToken(): boolean;
  state(): Promise<ServiceState>;
}

/** Returns the error for a setting that a service cannot use. */
export function invalid(setting: string, problem: string, fix?: string): SettingsError {
  return new SettingsError({ setting, problem, ...(fix !== undefined && { fix }) });
}

/** Returns text for a line of a file. @throws SettingsError for a control character, which could begin a new line */
export function lineOf(setting: string, text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw invalid(setting, "contains a line break or another control character", "remove it");
}

/** Returns the files of one user's service in these folders. */
export function userFiles(data: string, config: string, state: string) {
  return {
    bundle: join(data, `${NAME}.mjs`),
    environment: join(config, "environment"),
    identity: join(state, IDENTITY_FILE),
  };
}

/** Returns the operations that write the program and its settings. */
export function programFiles(target: ServiceTarget, { script, variables }: ServiceProgram): FileOperation[] {
  return [
    { kind: "write", path: target.bundle, mode: 0o755, content: script },
    { kind: "write", path: target.environment, mode: 0o600, content: variables },
  ];
}
