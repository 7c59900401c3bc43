import { isLoopbackName, authorityOf, reachableAt } from "../../net/authority.ts";
import { flag, placeFlags, type Place } from "../../program.ts";
import { SETTINGS } from "../../settings/settings-table.ts";
import type { Facts } from "./facts.ts";

type About = Pick<Facts, "program" | "settings">;

/** A command of this program to copy, for the shim and the gateway that doctor looked at. */
export function commandFor(command: "doctor" | "env", about: About): string {
  const { settings } = about;
  const [first] = settings.listen;
  const place = { ...gatewayOf(about), listen: first && reachableAt(first) };
  return `${about.program} ${command}${placeFlags(command === "env" ? { ...place, fingerprint: undefined } : place)}`;
}

/** What starts such a shim: in the foreground, or as a service. */
export function startCommand(command: "run" | "install", about: About): string {
  const { settings, program } = about;
  const texts = settings.listen.map(authorityOf);
  const listen = texts.join() === SETTINGS.listen.default?.join() ? [] : texts;
  // Beyond loopback it does not start without them.
  const peers = settings.allowFrom.map((cidr) => ` --allow-from ${cidr}`);
  const listeners = listen.map((text) => ` ${flag("listen", text)}`);
  return [`${program} ${command}`, ...listeners, ...peers, placeFlags(gatewayOf(about))].join("");
}

function gatewayOf({ settings: { gateway } }: About): Place {
  const { url, host, fingerprint } = gateway;
  return { gateway: url, remote: !isLoopbackName(host), fingerprint };
}
