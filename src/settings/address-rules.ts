import { isIPv4 } from "node:net";
import { authorityOf, isLoopbackName, reaches } from "../net/authority.ts";
import type { ListenAddress } from "./address-parsers.ts";
import type { Taken, TakenValues } from "./setting-row.ts";
import { shownValue, type SettingProblem } from "./settings-error.ts";
import type { SETTINGS } from "./settings-table.ts";

type TakenSettings = TakenValues<typeof SETTINGS>;

/** Returns every violation of the rules between listen addresses, gateway and peers. */
export function addressProblems(taken: TakenSettings): readonly SettingProblem[] {
  return [...listenProblems(taken), ...gatewayProblems(taken)];
}

function listenProblems({ listen, gateway, allowFrom }: TakenSettings): SettingProblem[] {
  if (!listen) return [];
  const target = gateway?.items[0]?.value;
  return listen.items.flatMap(({ text, value }, index) => {
    const problems: SettingProblem[] = [];
    const wrong = (problem: string, fix: string): void =>
      void problems.push(problemOf(listen, text, problem, fix));
    if (!allowFrom && !isLoopbackName(value.host)) {
      wrong(
        "is not a loopback address",
        "give --allow-from CIDR with the peers that may connect, or listen on 127.0.0.1",
      );
    }
    const before = listen.items.slice(0, index);
    if (value.port !== 0 && before.some((other) => authorityOf(other.value) === authorityOf(value))) {
      wrong("is the same address twice", "leave one out");
    }
    const wider = listen.items.find((other) => includes(other.value, value));
    if (wider) wrong(`is included in "${shownValue(wider.text)}"`, "leave one out");
    if (target && reaches(target, value)) {
      wrong(
        `is the gateway's own address (${gateway?.from}), so the shim would connect to itself`,
        "change the port of one of them",
      );
    }
    return problems;
  });
}

/** Returns true if a socket bound to `all` gets the connections for `one`, too: binding `one` would fail. */
function includes(all: ListenAddress, one: ListenAddress): boolean {
  if (one.port !== all.port || one.port === 0 || one.host === all.host) return false;
  // Node makes [::] dual-stack, whatever the system's default (net.Server, ipv6Only).
  return all.host === "::" || (all.host === "0.0.0.0" && isIPv4(one.host));
}

function gatewayProblems({
  gateway,
  allowRemoteGateway,
  gatewayFingerprint,
}: TakenSettings): SettingProblem[] {
  const [target] = gateway?.items ?? [];
  if (!gateway || !target) return [];
  const problems: SettingProblem[] = [];
  const remote = allowRemoteGateway !== undefined && allowRemoteGateway.items[0]?.value !== false;
  if (!remote && !isLoopbackName(target.value.host)) {
    const fix = "allow it with --allow-remote-gateway, or write ws://127.0.0.1:PORT";
    problems.push(problemOf(gateway, target.text, "is not loopback", fix));
  }
  const [pin] = gatewayFingerprint?.items ?? [];
  if (gatewayFingerprint && pin && !target.value.tls) {
    const fix = "write wss:// in --gateway, or leave it out";
    problems.push(problemOf(gatewayFingerprint, pin.text, "has no effect with a ws:// gateway", fix));
  }
  return problems;
}

function problemOf({ from }: Taken<unknown>, text: string, problem: string, fix: string): SettingProblem {
  return { setting: from, value: shownValue(text), problem, fix };
}
