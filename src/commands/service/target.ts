import { statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
import type { Caller } from "./caller.ts";
import { launchdPlaces, SYSTEM, userPlaces, type LaunchdPlaces, type SystemdPlaces } from "./places.ts";

/** A unit on the systemd that runs here. */
export interface SystemdTarget {
  readonly kind: "systemd";
  readonly places: SystemdPlaces;
  /** The home that the service has. */
  readonly home: string;
}

/** The system unit of an image in a folder. */
export interface ImageTarget extends Omit<SystemdTarget, "kind"> {
  readonly kind: "image";
  readonly root: string;
}

/** A user's LaunchAgent. */
export interface LaunchdTarget {
  readonly kind: "launchd";
  readonly places: LaunchdPlaces;
  readonly home: string;
  readonly uid: number;
}

/** What install, uninstall and status work on. */
export type Target = SystemdTarget | ImageTarget | LaunchdTarget;

/** Of a user that DynamicUser= made (systemd.exec(5)). */
const NO_HOME = "/";

/**
 * Which service is meant: on Linux the user's, with `--system` the machine's, with `--root` that of an image; on
 * macOS the user's LaunchAgent.
 *
 * @param flags of the command
 * @throws SettingsError where there is no such service here, or not for this user
 */
export function findTarget(
  flags: ReadonlyMap<string, readonly string[]>,
  { platform, uid, env }: Pick<Caller, "platform" | "uid" | "env">,
): Target {
  const root = flags.get("root")?.[0];
  if (root !== undefined) return { kind: "image", places: SYSTEM, home: NO_HOME, root: imageRoot(root) };
  if (platform !== "linux" && platform !== "darwin") {
    throw new SettingsError([
      `${platform}: has neither systemd nor launchd; let its own supervisor run openclaw-shim run`,
    ]);
  }
  if (flags.has("system")) {
    if (platform === "linux") return { kind: "systemd", places: SYSTEM, home: NO_HOME };
    throw new SettingsError(["--system: macOS has the LaunchAgent of a user alone; leave it out"]);
  }
  if (uid === 0 && env["SUDO_USER"]) {
    throw new SettingsError([
      "under sudo this would be root's own service; run it without sudo, or with --system",
    ]);
  }
  const home = env["HOME"] ?? homedir();
  if (!home.startsWith("/")) throw new SettingsError(["HOME: is not an absolute path; set it"]);
  return platform === "darwin"
    ? { kind: "launchd", places: launchdPlaces(home), home, uid: uid ?? 0 }
    : { kind: "systemd", places: userPlaces(home, env), home };
}

function imageRoot(root: string): string {
  const path = resolve(root);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new SettingsError([
    `--root: ${printable(path, 120)} is no folder; name the one that holds the image`,
  ]);
}
