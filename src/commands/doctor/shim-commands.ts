import { authorityOf, isLoopbackName, reachableAt } from "../../net/authority.ts";
import { flag, placeFlags, type Place } from "../../program.ts";
import { SETTINGS } from "../../settings/settings-table.ts";
import type { DoctorRequest } from "./doctor-context.ts";

type Request = Pick<DoctorRequest, "program" | "settings">;

/** Returns the `env` command for the shim that doctor looked at. */
export function envCommand({ program, settings }: Request): string {
  const [first] = settings.listen;
  const place = { ...gatewayOf(settings), listen: first && reachableAt(first), fingerprint: undefined };
  return `${program} env${placeFlags(place)}`;
}

/** Returns the command that starts such a shim: in the foreground, or as a service. */
export function startCommand(command: "run" | "install", { program, settings }: Request): string {
  const texts = settings.listen.map(authorityOf);
  const listen = texts.join() === SETTINGS.listen.default?.join() ? [] : texts;
  // Beyond loopback it does not start without them.
  const peers = settings.allowFrom.map((cidr) => ` --allow-from ${cidr}`);
  const listeners = listen.map((text) => ` ${flag("listen", text)}`);
  return [`${program} ${command}`, ...listeners, ...peers, placeFlags(gatewayOf(settings))].join("");
}

function gatewayOf({ gateway: { url, host, fingerprint } }: Request["settings"]): Place {
  return { gateway: url, remote: !isLoopbackName(host), fingerprint };
}
