import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readFlags, type FlagLayer } from "../../settings/flags.ts";
import type { SettingKey } from "../../settings/settings-table.ts";
import { flagName } from "../../settings/names.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";
import { launchdService } from "./launchd.ts";
import type { Service } from "./service-manager.ts";
import { systemdService } from "./systemd.ts";

/** The process that works on a service. Tests replace it. */
export interface ServiceHost {
  readonly platform: NodeJS.Platform;
  /** Undefined on a platform without user ids. */
  readonly uid: number | undefined;
  readonly execPath: string;
  /** The one file to run, which is copied. */
  readonly script: string;
}

/** This process. The bundle is one file, so the path of this module is the whole program. */
export const THIS_HOST: ServiceHost = {
  platform: process.platform,
  uid: process.getuid?.(),
  execPath: process.execPath,
  script: fileURLToPath(import.meta.url),
};

/** Reads the flags of a command that takes no settings but one. @throws SettingsError for another setting */
export function readFlagsOnly(
  name: string,
  { args, flags }: CommandContext,
  allowed?: SettingKey,
): FlagLayer {
  const layer = readFlags(args, flags);
  const others = [...layer.given].filter(([key]) => key !== allowed);
  const none = `${name} has no settings${allowed === undefined ? "" : ` but --${flagName(allowed)}`}; omit it`;
  const problems = [...layer.problems, ...others.map(([, { from }]) => `${from}: ${none}`)];
  if (problems.length > 0) throw new SettingsError(problems);
  return layer;
}

/**
 * Returns the service that the flags select: on Linux the user's, with `--system` the machine's, with `--root` that of
 * an image; on macOS the user's LaunchAgent. `status` shows `instead`, if only that is installed.
 *
 * @param flags of the command
 * @throws SettingsError if there is no such service here, or not for this user
 */
export function findService(
  flags: ReadonlyMap<string, readonly string[]>,
  env: NodeJS.ProcessEnv,
  { platform, uid }: ServiceHost,
): { readonly service: Service; readonly instead?: Service } {
  const user = { uid, env, home: env["HOME"] ?? homedir() };
  const [root] = flags.get("root") ?? [];
  if (root !== undefined) return { service: systemdService("system", user, imageFolder(root)) };
  if (platform !== "linux" && platform !== "darwin") {
    throw new SettingsError([
      `${platform}: has neither systemd nor launchd; let its own service manager run openclaw-shim run`,
    ]);
  }
  if (flags.has("system")) {
    if (platform === "linux") return { service: systemdService("system", user) };
    throw new SettingsError(["--system: macOS has only the LaunchAgent of a user; omit it"]);
  }
  if (uid === 0 && env["SUDO_USER"]) {
    throw new SettingsError([
      "under sudo this would be root's own service; run it without sudo, or with --system",
    ]);
  }
  if (!user.home.startsWith("/")) throw new SettingsError(["HOME: is not an absolute path; set it"]);
  if (platform === "darwin") return { service: launchdService(user) };
  return { service: systemdService("user", user), instead: systemdService("system", user) };
}

function imageFolder(root: string): string {
  const path = resolve(root);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new SettingsError([
    `--root: ${printable(path, 120)} is not a folder; name the folder that holds the image`,
  ]);
}
