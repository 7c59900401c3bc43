import systemService from "../../../systemd/openclaw-shim.service?raw";
import systemSocket from "../../../systemd/openclaw-shim.socket?raw";
import userService from "../../../systemd/user/openclaw-shim.service?raw";
import userSocket from "../../../systemd/user/openclaw-shim.socket?raw";
import { isIP } from "node:net";
import { isLoopbackName, authorityOf } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import type { SystemdPlaces } from "./places.ts";
import { commandLine, escaped, withDirective } from "./unit-text.ts";

/** What distinguishes one installation from the files in systemd/. */
export interface UnitValues {
  readonly places: SystemdPlaces;
  /** Absolute path of Node. */
  readonly node: string;
  readonly settings: Pick<Settings, "listen" | "allowFrom" | "gateway" | "drainMs">;
}

const LOCALHOST = "localhost";
/** In the files in systemd/. */
const STOP_SECONDS = 15;
const STOP_MARGIN_SECONDS = 10;

/**
 * The service unit: systemd/openclaw-shim.service with these values.
 *
 * @throws SettingsError where a path cannot stand in a unit
 */
export function serviceUnit({ places, node, settings }: UnitValues): string {
  const { scope, bundle, environment } = places;
  let unit = scope === "system" ? systemService : userService;
  unit = withDirective(unit, "ExecStart", [commandLine([node, bundle, "run"])]);
  unit = withDirective(unit, "EnvironmentFile", [`-${escaped("the home folder", environment)}`]);
  unit = withDirective(unit, "TimeoutStopSec", [`${stopSeconds(settings.drainMs)}`]);
  const { host } = settings.gateway;
  // A user's systemd has no packet filter.
  if (scope === "user" || isLoopbackName(host)) return unit;
  if (isIP(host) !== 0) return withDirective(unit, "IPAddressAllow", [LOCALHOST, host]);
  // A name may stand for any address, and the name server that knows it too.
  return withDirective(withDirective(unit, "IPAddressAllow", []), "IPAddressDeny", []);
}

/**
 * The socket unit: systemd/openclaw-shim.socket with these values.
 *
 * @throws SettingsError where an address cannot stand in a unit
 */
export function socketUnit({ places, settings }: UnitValues): string {
  const { listen, allowFrom } = settings;
  const addresses = listen.map((address) => escaped("--listen", authorityOf(address)));
  const unit = withDirective(
    places.scope === "system" ? systemSocket : userSocket,
    "ListenStream",
    addresses,
  );
  return places.scope === "user" ? unit : withDirective(unit, "IPAddressAllow", [LOCALHOST, ...allowFrom]);
}

/** A drop-in for the system service: hands it the token, which its own user could not read. */
export function credentialDropIn(tokenFile: string): string {
  return `# Written by openclaw-shim install --system --token-file.
[Service]
LoadCredential=openclaw-gateway-token:${escaped("--token-file", tokenFile)}
`;
}

function stopSeconds(drainMs: number): number {
  return Math.max(STOP_SECONDS, Math.ceil(drainMs / 1000) + STOP_MARGIN_SECONDS);
}
