import type { RefusalCode } from "../errors.ts";
import { DOCTOR, type Outcome } from "./outcome.ts";

/** Upper bounds of the handshake histogram, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, Number.POSITIVE_INFINITY];
/** Reasons come from outside: beyond this many of one outcome they count as `other`. The shim's own are fewer. */
const REASON_LIMIT = 40;
/** A client may choose any of these codes (RFC 6455 section 7.4.2): they are one series. */
const PRIVATE_CLOSE = /^close [34]\d{3}$/;

/** Counts what happens, in bounded memory. `status/metrics-text.ts` writes it. */
export class Metrics {
  /** Number of each outcome, by reason. */
  readonly outcomes = new Map<string, Map<string, number>>();
  /** Number of plain HTTP requests that the shim refused, by code. */
  readonly denied = new Map<RefusalCode, number>();
  /** Number of handshakes within each bound. */
  readonly buckets = new Map(BUCKETS.map((bound) => [bound, 0]));
  /** Number of clients that connected, and of the others; without doctor, which is not a client. */
  readonly clients = { connected: 0, other: 0 };
  /** Number of all handshakes, and their time together in seconds. */
  handshakes = 0;
  seconds = 0;

  /** Counts one outcome. */
  note({ outcome, reason = "", ms, client }: Pick<Outcome, "outcome" | "reason" | "ms" | "client">): void {
    if (!client?.version?.startsWith(DOCTOR))
      this.clients[outcome === "connected" ? "connected" : "other"] += 1;
    const counts = this.outcomes.get(outcome) ?? new Map<string, number>();
    this.outcomes.set(outcome, counts);
    const own = outcome === "abandoned" ? reason.replace(PRIVATE_CLOSE, "close 3000-4999") : reason;
    const counted = counts.size < REASON_LIMIT || counts.has(own) ? own : "other";
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
    const seconds = ms / 1000;
    this.handshakes += 1;
    this.seconds += seconds;
    for (const [bound, count] of this.buckets) if (seconds <= bound) this.buckets.set(bound, count + 1);
  }

  /** Counts one plain HTTP request that the shim refused. */
  noteDenied(code: RefusalCode): void {
    this.denied.set(code, (this.denied.get(code) ?? 0) + 1);
  }
}
