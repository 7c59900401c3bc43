import { join } from "node:path";
import { IDENTITY_FILE } from "../../approve/approver-identity.ts";

/** Whose service: one user's, or the machine's. */
export type Scope = "user" | "system";

/** Where systemd finds the service: absolute paths, as the running service sees them. */
export interface SystemdPlaces {
  readonly scope: Scope;
  readonly units: string;
  /** The one file that is run. It is copied here: an npx cache or a project's node_modules comes and goes. */
  readonly bundle: string;
  /** `OPENCLAW_SHIM_*`, mode 0600. */
  readonly environment: string;
  /** The device identity of `--approve`; absent where systemd itself keeps it (StateDirectory=). */
  readonly identity?: string;
}

/** Where launchd finds it. */
export interface LaunchdPlaces {
  readonly plist: string;
  readonly bundle: string;
  readonly environment: string;
  readonly identity: string;
  readonly log: string;
}

const NAME = "openclaw-shim";
const BUNDLE = `${NAME}.mjs`;

/** The two units, in the order in which they start. */
export const UNITS = { socket: `${NAME}.socket`, service: `${NAME}.service` } as const;
/** The LaunchAgent's label. */
export const LABEL = "ai.openclaw.shim";

/** The places of the system service: hier(7), systemd.unit(5). */
export const SYSTEM: SystemdPlaces = {
  scope: "system",
  units: "/etc/systemd/system",
  bundle: `/usr/local/lib/${NAME}/${BUNDLE}`,
  environment: `/etc/${NAME}/environment`,
};

/**
 * The places of a user's service, as the XDG Base Directory Specification has them.
 *
 * @param home absolute
 */
export function userPlaces(home: string, env: Readonly<Record<string, string | undefined>>): SystemdPlaces {
  const config = absolute(env["XDG_CONFIG_HOME"]) ?? join(home, ".config");
  const data = absolute(env["XDG_DATA_HOME"]) ?? join(home, ".local/share");
  return {
    scope: "user",
    units: join(config, "systemd/user"),
    bundle: join(data, NAME, BUNDLE),
    environment: join(config, NAME, "environment"),
    identity: join(absolute(env["XDG_STATE_HOME"]) ?? join(home, ".local/state"), NAME, IDENTITY_FILE),
  };
}

/** The places of a LaunchAgent. */
export function launchdPlaces(home: string): LaunchdPlaces {
  const support = join(home, "Library/Application Support", NAME);
  return {
    plist: join(home, "Library/LaunchAgents", `${LABEL}.plist`),
    bundle: join(support, BUNDLE),
    environment: join(support, "environment"),
    identity: join(home, ".local/state", NAME, IDENTITY_FILE),
    log: join(home, "Library/Logs", `${NAME}.log`),
  };
}

/** Whether the system service's sandbox hides a path: ProtectHome=, PrivateTmp=. */
export function isHidden(path: string): boolean {
  return /^\/(?:home|root|run\/user|tmp|var\/tmp)\//.test(path);
}

/** A relative path in an XDG variable is invalid and to be ignored (XDG Base Directory Specification). */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") ? path : undefined;
}
