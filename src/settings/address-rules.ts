import { isIPv4 } from "node:net";
import { bracketed, isLoopbackName, reaches } from "../net/authority.ts";
import { quoted } from "./settings-error.ts";
import type { Taken } from "./layer.ts";
import type { GatewayAddress, ListenAddress } from "./settings.ts";

/** What the rules between settings look at; a setting that was bad by itself has no items. */
export interface AddressFacts {
  readonly listen: Taken<ListenAddress> | undefined;
  readonly gateway: Taken<GatewayAddress> | undefined;
  readonly remote: Taken<boolean> | undefined;
  readonly fingerprint: Taken<string> | undefined;
  readonly allowFrom: Taken<string> | undefined;
}

/** The rules that hold between listen addresses, gateway and peers; one line for each that is broken. */
export function addressProblems(facts: AddressFacts): readonly string[] {
  return [
    ...openListeners(facts),
    ...repeatedListeners(facts),
    ...includedListeners(facts),
    ...ownGateway(facts),
    ...gatewayProblems(facts),
  ];
}

function openListeners({ listen, allowFrom }: AddressFacts): string[] {
  if (allowFrom) return [];
  return (listen?.items ?? [])
    .filter(({ value }) => !isLoopbackName(value.host))
    .map(
      ({ text }) =>
        `${listen?.from}: ${quoted(text)} is beyond loopback; say with --allow-from CIDR who may connect, or listen on 127.0.0.1`,
    );
}

function repeatedListeners({ listen }: AddressFacts): string[] {
  const seen = new Set<string>();
  return (listen?.items ?? []).flatMap(({ text, value }) => {
    const address = `${bracketed(value.host)}:${value.port}`;
    if (value.port === 0 || !seen.has(address)) {
      seen.add(address);
      return [];
    }
    return [`${listen?.from}: ${quoted(text)} is the same address twice; leave one out`];
  });
}

/** The second of the two could not be bound, as its address is in use: by this very shim, which no system error says. */
function includedListeners({ listen }: AddressFacts): string[] {
  const items = listen?.items ?? [];
  return items.flatMap(({ text, value }) => {
    const wider = items.find((other) => isIncluded(value, other.value));
    return wider
      ? [`${listen?.from}: ${quoted(text)} is included in ${quoted(wider.text)}; leave one out`]
      : [];
  });
}

/** Whether all addresses of the machine, and among them this one, are listened on already. */
function isIncluded(address: ListenAddress, all: ListenAddress): boolean {
  if (address.port !== all.port || address.port === 0 || address.host === all.host) return false;
  // Node makes [::] dual-stack, whatever the system's default is (net.Server, ipv6Only).
  return all.host === "::" || (all.host === "0.0.0.0" && isIPv4(address.host));
}

function ownGateway({ listen, gateway }: AddressFacts): string[] {
  const target = gateway?.items[0];
  if (!target) return [];
  return (listen?.items ?? [])
    .filter(({ value }) => reaches(target.value, value))
    .map(
      ({ text }) =>
        `${listen?.from}: ${quoted(text)} is the gateway's own address (${gateway?.from}), so the shim would connect to itself; ` +
        "change the port of one of them",
    );
}

function gatewayProblems({ gateway, remote, fingerprint }: AddressFacts): string[] {
  const target = gateway?.items[0];
  if (!target) return [];
  const problems: string[] = [];
  if (!isLoopbackName(target.value.host) && remote?.items[0]?.value === false) {
    problems.push(
      `${gateway.from}: ${quoted(target.text)} is not loopback; allow it with --allow-remote-gateway, or write ws://127.0.0.1:PORT`,
    );
  }
  const pin = fingerprint?.items[0];
  if (pin && !target.value.tls) {
    problems.push(
      `${fingerprint.from}: ${quoted(pin.text)} is of no use with a ws:// gateway; write wss:// in --gateway, or leave it out`,
    );
  }
  return problems;
}
