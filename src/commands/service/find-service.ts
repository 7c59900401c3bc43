import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { printable } from "../../text/printable.ts";
import { launchdService } from "./launchd.ts";
import { invalid, type Service } from "./service-manager.ts";
import { systemdService } from "./systemd.ts";

/** The process that works on a service. Tests replace it. */
export interface ServiceHost extends Pick<NodeJS.Process, "platform" | "execPath"> {
  readonly uid: number | undefined;
  /** The one file to run, which is copied. */
  readonly script: string;
}

/** This process. The bundle is one file, so this module's path is the whole program. */
export const THIS_HOST: ServiceHost = {
  platform: process.platform,
  uid: process.getuid?.(),
  execPath: process.execPath,
  script: fileURLToPath(import.meta.url),
};

/**
 * Returns the service that the flags select: on Linux the user's, with `--system` the machine's, with `--root` that of
 * an image; on macOS the user's LaunchAgent.
 *
 * @param flags of the command
 * @throws SettingsError if there is no such service here, or not for this user
 */
export function findService(
  flags: { readonly system: boolean; readonly root?: string | undefined },
  env: NodeJS.ProcessEnv,
  { platform, uid }: ServiceHost,
): Service {
  const user = { uid, env, home: env["HOME"] ?? homedir() };
  if (flags.root !== undefined) {
    const image = resolve(flags.root);
    if (statSync(image, { throwIfNoEntry: false })?.isDirectory())
      return systemdService("system", user, image);
    throw invalid("--root", `${printable(image, 120)} is not a folder`, "name the folder of the image");
  }
  if (platform !== "linux" && platform !== "darwin") {
    throw invalid(platform, "has neither systemd nor launchd", "start openclaw-shim run another way");
  }
  if (flags.system) {
    if (platform === "linux") return systemdService("system", user);
    throw invalid("--system", "macOS has only the LaunchAgent of a user", "omit it");
  }
  if (uid === 0 && env["SUDO_USER"]) {
    throw invalid("sudo", "under sudo this would be root's own service", "omit sudo, or add --system");
  }
  if (!user.home.startsWith("/")) throw invalid("HOME", "is not an absolute path", "set it");
  return platform === "darwin" ? launchdService(user) : systemdService("user", user);
}
