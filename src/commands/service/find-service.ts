import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
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

/**
 * Returns the service that the flags select: on Linux the user's, with `--system` the machine's, with `--root` that of
 * an image; on macOS the user's LaunchAgent. `status` shows `instead`, if only that is installed.
 *
 * @param flags of the command
 * @throws SettingsError if there is no such service here, or not for this user
 */
export function findService(
  flags: { readonly system: boolean; readonly root?: string | undefined },
  env: NodeJS.ProcessEnv,
  { platform, uid }: ServiceHost,
): { readonly service: Service; readonly instead?: Service } {
  const user = { uid, env, home: env["HOME"] ?? homedir() };
  if (flags.root !== undefined) return { service: systemdService("system", user, imageFolder(flags.root)) };
  if (platform !== "linux" && platform !== "darwin") {
    throw new SettingsError({
      setting: platform,
      problem: "has neither systemd nor launchd",
      fix: "let its own service manager run openclaw-shim run",
    });
  }
  if (flags.system) {
    if (platform === "linux") return { service: systemdService("system", user) };
    throw new SettingsError({
      setting: "--system",
      problem: "macOS has only the LaunchAgent of a user",
      fix: "omit it",
    });
  }
  if (uid === 0 && env["SUDO_USER"]) {
    throw new SettingsError({
      setting: "sudo",
      problem: "under sudo this would be root's own service",
      fix: "run it without sudo, or with --system",
    });
  }
  if (!user.home.startsWith("/")) {
    throw new SettingsError({ setting: "HOME", problem: "is not an absolute path", fix: "set it" });
  }
  if (platform === "darwin") return { service: launchdService(user) };
  return { service: systemdService("user", user), instead: systemdService("system", user) };
}

function imageFolder(root: string): string {
  const path = resolve(root);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new SettingsError({
    setting: "--root",
    problem: `${printable(path, 120)} is not a folder`,
    fix: "name the folder that holds the image",
  });
}
