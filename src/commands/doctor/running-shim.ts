import { askHealth, askOutcomes, type OutcomeRecord, type ShimHealth } from "../../status/shim-client.ts";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import type { Deadline } from "./deadline.ts";

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

/** A system error that says that nobody listens: with the others, this machine has no such address (IPv6). */
const NOBODY = /^(ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EAFNOSUPPORT|EHOSTUNREACH)$/;

/** Whether a system error's code says that nobody listens. */
export function isNobody(code: string): boolean {
  return NOBODY.test(code);
}

/** Asks an address whether a shim listens there: its health; why it is none; undefined where nobody listens. */
export async function findShim(
  authority: string,
  deadline: Deadline,
): Promise<ShimHealth | { readonly why: string } | undefined> {
  const answer = await askHealth(authority, deadline.for("question"));
  if ("health" in answer) return answer.health;
  if ("foreign" in answer) return { why: answer.foreign };
  return isNobody(answer.failure) ? undefined : { why: answer.failure };
}

/** The last outcomes of a running shim, oldest first; none where it does not tell. */
export async function recentOutcomes(authority: string, deadline: Deadline): Promise<SeenOutcome[]> {
  return (await askOutcomes(authority, deadline.for("question"))).map((item) => readOutcome(item));
}

function readOutcome(item: OutcomeRecord): SeenOutcome {
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

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value) : undefined;
}
