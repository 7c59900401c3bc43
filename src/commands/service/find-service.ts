import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { printable } from "../../text/printable.ts";
import { launchdService } from "./launchd.ts";
import { invalid } from "./service-settings.ts";
import { systemdService } from "./systemd.ts";
import { taskService } from "./windows-task.ts";

/** A service and its manager. Another manager is one more file that returns these members. */
export type Service = ReturnType<typeof findService>;
/** Where a service is installed. Paths are absolute, as the running service sees them. */
export type Scope = Service["scope"];

/**
 * Returns the service that the flags select: on Linux the user's, with `--system` the machine's, with `--root` that of
 * an image; on macOS the user's LaunchAgent, on Windows the user's Scheduled Task.
 *
 * @throws SettingsError if there is no such service here, or not for this user
 */
export function findService(
  { system, root }: { readonly system: boolean; readonly root?: string | undefined },
  env: NodeJS.ProcessEnv,
) {
  const { platform } = process;
  const isWindows = platform === "win32";
  // A shell from Linux sets HOME on Windows, to a path of its own.
  const user = { uid: process.getuid?.(), env, home: (isWindows ? undefined : env["HOME"]) ?? homedir() };
  if (root !== undefined && isWindows)
    throw invalid("--root", "an image is one of Linux", "run it there, or in WSL");
  if (root !== undefined) {
    const image = resolve(root);
    if (statSync(image, { throwIfNoEntry: false })?.isDirectory()) return systemdService(user, true, image);
    throw invalid("--root", `${printable(image, 120)} is not a folder`, "name the folder of the image");
  }
  if (platform !== "linux" && platform !== "darwin" && !isWindows)
    throw invalid(platform, "has neither systemd nor launchd", "start openclaw-shim another way");
  if (system && platform === "darwin")
    throw invalid("--system", "macOS has only the LaunchAgent of a user", "omit it");
  if (system && isWindows)
    throw invalid("--system", "Windows has only the Scheduled Task of a user", "omit it");
  if (isWindows) return taskService(user);
  if (!system && user.uid === 0 && env["SUDO_USER"])
    throw invalid("sudo", "under sudo this would be root's own service", "omit sudo, or add --system");
  if (!system && !user.home.startsWith("/")) throw invalid("HOME", "is not an absolute path", "set it");
  return platform === "linux" ? systemdService(user, system) : launchdService(user);
}
