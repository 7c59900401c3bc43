import { isIPv4 } from "node:net";
import { authorityOf, isLoopbackName, reaches } from "../net/authority.ts";
import type { ListenAddress } from "./address-parsers.ts";
import type { TakenValues } from "./setting-row.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";
import type { SETTINGS } from "./settings-table.ts";

type TakenSettings = TakenValues<typeof SETTINGS>;

/** Returns every violation of the rules between listen addresses, gateway and peers. */
export function addressProblems(taken: TakenSettings): readonly SettingProblem[] {
  return [...listenProblems(taken), ...gatewayProblems(taken)];
}

function* listenProblems({ listen, gateway, allowFrom }: TakenSettings): Generator<SettingProblem> {
  const { from: setting = "", items = [] } = listen ?? {};
  const target = gateway?.items[0]?.value;
  const seen = new Set<string>();
  for (const { text, value: address } of items) {
    const about = { setting, value: shownValue(text) };
    if (!allowFrom && !isLoopbackName(address.host)) {
      const fix = "give --allow-from CIDR with the peers that may connect, or listen on 127.0.0.1";
      yield { ...about, problem: "is not a loopback address", fix };
    }
    const authority = authorityOf(address);
    if (address.port !== 0 && seen.has(authority)) {
      yield { ...about, problem: "is the same address twice", fix: "leave one out" };
    }
    seen.add(authority);
    const wider = items.find((other) => includes(other.value, address));
    if (wider) {
      yield { ...about, problem: `is included in "${shownValue(wider.text)}"`, fix: "leave one out" };
    }
    if (target && reaches(target, address)) {
      const problem = `is the gateway's own address (${gateway?.from}), so the shim would connect to itself`;
      yield { ...about, problem, fix: "change the port of one of them" };
    }
  }
}

/** Returns true if a socket bound to `all` gets the connections for `one`, too: binding `one` would fail. */
function includes(all: ListenAddress, one: ListenAddress): boolean {
  if (one.port !== all.port || one.port === 0 || one.host === all.host) return false;
  // Node makes [::] dual-stack, whatever the system's default (net.Server, ipv6Only).
  return all.host === "::" || (all.host === "0.0.0.0" && isIPv4(one.host));
}

function* gatewayProblems(taken: TakenSettings): Generator<SettingProblem> {
  const { gateway, allowRemoteGateway, gatewayFingerprint } = taken;
  const [target] = gateway?.items ?? [];
  if (!gateway || !target) return;
  const remote = allowRemoteGateway !== undefined && allowRemoteGateway.items[0]?.value !== false;
  if (!remote && !isLoopbackName(target.value.host)) {
    const fix = "allow it with --allow-remote-gateway, or write ws://127.0.0.1:PORT";
    yield { setting: gateway.from, value: shownValue(target.text), problem: "is not loopback", fix };
  }
  const [pin] = gatewayFingerprint?.items ?? [];
  if (gatewayFingerprint && pin && !target.value.tls) {
    const problem = "has no effect with a ws:// gateway";
    const fix = "write wss:// in --gateway, or leave it out";
    yield { setting: gatewayFingerprint.from, value: shownValue(pin.text), problem, fix };
  }
}
