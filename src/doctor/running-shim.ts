import { isRecord } from "../json.ts";
import { bracketed, reachableHost } from "../settings/addresses.ts";
import type { ListenAddress } from "../settings/settings.ts";
import { printable } from "../text.ts";
import type { Deadline } from "./deadline.ts";
import { httpGet } from "./http-get.ts";

/** One outcome of a running shim, as far as it is looked at. All texts are printable already. */
export interface SeenOutcome {
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly deviceId: string | undefined;
  readonly client: string | undefined;
  readonly scopes: readonly string[];
  readonly peer: string;
  /** `Host` as it came, where the shim changed it. */
  readonly hostFrom: string | undefined;
  /** Forwarding fields that the shim took away: lower-case names, and values where they may be shown. */
  readonly stripped: Readonly<Record<string, string>>;
  readonly publicForwarded: boolean;
  /** A doctor's connection, this run's or an earlier one's. */
  readonly byDoctor: boolean;
}

/** Who answers where the shim would listen. */
export type ListenerFound =
  | {
      readonly state: "shim";
      readonly version: string;
      /** Why it does not reach its gateway. */
      readonly unreachable: string | undefined;
    }
  | { readonly state: "nobody" }
  /** Something that is no shim, or does not answer. */
  | { readonly state: "other"; readonly why: string };

const ASK_MS = 2_000;

/** Where a tool of this machine reaches a listener: `127.0.0.1:18788` for 0.0.0.0:18788. */
export function reachableAt({ host, port }: ListenAddress): string {
  return `${bracketed(reachableHost(host))}:${port}`;
}

/** Asks an address whether a shim listens there. */
export async function findListener(authority: string, deadline: Deadline): Promise<ListenerFound> {
  const answer = await ask(authority, "/health", deadline);
  if ("failure" in answer) {
    // EADDRNOTAVAIL and its like: this machine has no such address (IPv6), so nobody is there either.
    const nobody = /^(ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT|EHOSTUNREACH)$/.test(
      answer.failure,
    );
    return nobody ? { state: "nobody" } : { state: "other", why: printable(answer.failure, 80) };
  }
  const health = parse(answer.body);
  const version = isRecord(health) ? health["version"] : undefined;
  if (typeof version === "string" && isRecord(health) && isRecord(health["gateway"])) {
    const { reachable, reason } = health["gateway"];
    const unreachable = reachable === false ? (text(reason) ?? "unknown") : undefined;
    return { state: "shim", version: printable(version, 40), unreachable };
  }
  return { state: "other", why: `HTTP ${answer.status}` };
}

/** The last outcomes of a running shim, oldest first; none where it does not tell. */
export async function recentOutcomes(authority: string, deadline: Deadline): Promise<SeenOutcome[]> {
  const answer = await ask(authority, "/outcomes", deadline);
  const list = "failure" in answer ? undefined : parse(answer.body);
  return Array.isArray(list) ? list.filter((item) => isRecord(item)).map(readOutcome) : [];
}

// The shim's pages are for loopback names only, whatever address it listens on.
function ask(authority: string, path: string, deadline: Deadline): ReturnType<typeof httpGet> {
  const host = `127.0.0.1:${authority.slice(authority.lastIndexOf(":") + 1)}`;
  return httpGet(new URL(`http://${authority}/__shim__${path}`), { host }, deadline.within(ASK_MS));
}

function readOutcome(item: Readonly<Record<string, unknown>>): SeenOutcome {
  const normalized = isRecord(item["normalized"]) ? item["normalized"] : {};
  const host = isRecord(normalized["host"]) ? normalized["host"] : {};
  const client = isRecord(item["client"]) ? item["client"] : {};
  const stripped = isRecord(normalized["stripped"]) ? Object.entries(normalized["stripped"]) : [];
  const { scopes } = item;
  return {
    outcome: text(item["outcome"]) ?? "",
    reason: text(item["reason"]),
    deviceId: text(item["deviceId"]),
    client: text(client["id"]),
    scopes: Array.isArray(scopes) ? scopes.flatMap((scope) => text(scope) ?? []) : [],
    peer: text(item["peer"]) ?? "",
    hostFrom: text(host["from"]),
    stripped: Object.fromEntries(stripped.map(([name, value]) => [printable(name, 64), text(value) ?? ""])),
    publicForwarded: item["publicForwarded"] === true,
    byDoctor: text(client["version"])?.startsWith("openclaw-shim-doctor/") === true,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value) : undefined;
}
