import { isIP } from "node:net";
import systemService from "../../../systemd/openclaw-shim.service?raw";
import systemSocket from "../../../systemd/openclaw-shim.socket?raw";
import userService from "../../../systemd/user/openclaw-shim.service?raw";
import userSocket from "../../../systemd/user/openclaw-shim.socket?raw";
import { authorityOf, isLoopbackName } from "../../net/authority.ts";
import type { Settings } from "../../settings/settings.ts";
import { invalid, lineOf, type ServiceProgram, type ServiceTarget } from "./service-manager.ts";

/** What distinguishes one installation from the files in systemd/. */
export type UnitValues = Pick<ServiceTarget, "system" | "bundle" | "environment"> &
  Pick<ServiceProgram, "node"> & {
    readonly settings: Pick<Settings, "listen" | "allowFrom" | "gateway" | "drain">;
  };

/** In the files in systemd/. */
const STOP_SECONDS = 15;
const STOP_MARGIN_SECONDS = 10;

/** Renders systemd/openclaw-shim.service. @throws SettingsError if a unit cannot hold a path */
export function serviceUnit({ system, node, bundle, environment, settings }: UnitValues): string {
  const { host } = settings.gateway;
  const stop = Math.max(STOP_SECONDS, Math.ceil(settings.drain / 1000) + STOP_MARGIN_SECONDS);
  const unit = withDirectives(system ? systemService : userService, {
    ExecStart: [execStart(node, bundle)],
    EnvironmentFile: [`-${escaped("the home folder", environment)}`],
    TimeoutStopSec: [`${stop}`],
  });
  // A user's systemd has no packet filter.
  if (!system || isLoopbackName(host)) return unit;
  if (isIP(host) !== 0) return withDirectives(unit, { IPAddressAllow: ["localhost", host] });
  // A name may stand for any address, and so may the name server that resolves it.
  return withDirectives(unit, { IPAddressAllow: [], IPAddressDeny: [] });
}

/** Renders systemd/openclaw-shim.socket. @throws SettingsError if a unit cannot hold an address */
export function socketUnit({ system, settings }: Pick<UnitValues, "system" | "settings">): string {
  const ListenStream = settings.listen.map((address) => escaped("--listen", authorityOf(address)));
  if (!system) return withDirectives(userSocket, { ListenStream });
  return withDirectives(systemSocket, { ListenStream, IPAddressAllow: ["localhost", ...settings.allowFrom] });
}

/** Renders a drop-in that gives the system service a token that its own user cannot read. */
export function credentialDropIn(tokenFile: string): string {
  return `# Written by openclaw-shim install --system --token-file.
[Service]
LoadCredential=openclaw-gateway-token:${escaped("--token-file", tokenFile)}
`;
}

/** Replaces all lines of each directive; comments stay. @throws TypeError if the unit has no such line */
function withDirectives(unit: string, directives: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(directives).reduce((text, [name, values]) => {
    const lines = text.split("\n");
    const at = lines.findIndex((line) => line.startsWith(`${name}=`));
    if (at === -1) throw new TypeError(`the unit has no ${name}=`);
    const rest = lines.slice(at).filter((line) => !line.startsWith(`${name}=`));
    return [...lines.slice(0, at), ...values.map((value) => `${name}=${value}`), ...rest].join("\n");
  }, unit);
}

/** Escapes `%`, which begins a specifier (systemd.unit(5), SPECIFIERS). */
function escaped(setting: string, text: string): string {
  return lineOf(setting, text).replaceAll("%", "%%");
}

/** Quotes a command line (systemd.service(5), COMMAND LINES). */
function execStart(node: string, bundle: string): string {
  if (node.includes("$")) {
    throw invalid("--node", "systemd allows no $ in the path of a program", "use another path");
  }
  const words = [node, bundle.replaceAll("$", "$$$$"), "run"].map((word) => escaped("ExecStart", word));
  const plain = /^[\w@%+=:,./$-]+$/;
  return words.map((word) => (plain.test(word) ? word : `"${word.replaceAll(/["\\]/g, "\\$&")}"`)).join(" ");
}
