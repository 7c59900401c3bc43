import type { Traffic } from "../server/connections.ts";
import type { Outcome } from "./outcome.ts";

/** The content type of the Prometheus text format, version 0.0.4. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Upper bounds of the handshake histogram, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Reasons come from outside: beyond this many series they count as `other`. */
const SERIES_LIMIT = 100;

/** Values that are counted elsewhere and read at a scrape. */
export interface Gauges {
  readonly connections: number;
  readonly gatewayUp: boolean;
  readonly bytes: Traffic;
}

/** Counts outcomes in bounded memory, and writes them in the Prometheus text format. */
export class OutcomeMetrics {
  readonly #outcomes = new Map<string, { outcome: string; reason: string; count: number }>();
  readonly #buckets: number[] = BUCKETS.map(() => 0);
  #count = 0;
  #sum = 0;

  /** Counts one outcome. */
  note({ outcome, reason = "", ms }: Outcome): void {
    const key = `${outcome} ${reason}`;
    const known = this.#outcomes.get(key);
    if (known) known.count += 1;
    else if (this.#outcomes.size < SERIES_LIMIT) this.#outcomes.set(key, { outcome, reason, count: 1 });
    else this.#countOther(outcome);
    const seconds = ms / 1000;
    this.#count += 1;
    this.#sum += seconds;
    // Buckets are cumulative.
    for (const [i, bound] of BUCKETS.entries())
      if (seconds <= bound) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1;
  }

  /** Returns the whole exposition. */
  text({ connections, gatewayUp, bytes }: Gauges): string {
    const outcomes = [...this.#outcomes.values()].map(
      ({ outcome, reason, count }) =>
        `openclaw_shim_outcomes_total{outcome="${label(outcome)}",reason="${label(reason)}"} ${count}`,
    );
    const buckets = BUCKETS.map(
      (bound, i) => `openclaw_shim_handshake_seconds_bucket{le="${bound}"} ${this.#buckets[i] ?? 0}`,
    );
    return [
      "# HELP openclaw_shim_outcomes_total Requests for a WebSocket, by how they ended.",
      "# TYPE openclaw_shim_outcomes_total counter",
      ...outcomes,
      "# HELP openclaw_shim_connections Upgraded connections and requests that are open now.",
      "# TYPE openclaw_shim_connections gauge",
      `openclaw_shim_connections ${connections}`,
      "# HELP openclaw_shim_gateway_up Whether the gateway was there at the last attempt.",
      "# TYPE openclaw_shim_gateway_up gauge",
      `openclaw_shim_gateway_up ${gatewayUp ? 1 : 0}`,
      "# HELP openclaw_shim_handshake_seconds From accepting an upgrade's connection to its outcome.",
      "# TYPE openclaw_shim_handshake_seconds histogram",
      ...buckets,
      `openclaw_shim_handshake_seconds_bucket{le="+Inf"} ${this.#count}`,
      `openclaw_shim_handshake_seconds_sum ${this.#sum}`,
      `openclaw_shim_handshake_seconds_count ${this.#count}`,
      "# HELP openclaw_shim_bytes_total Bytes on clients' connections.",
      "# TYPE openclaw_shim_bytes_total counter",
      `openclaw_shim_bytes_total{direction="received"} ${bytes.received}`,
      `openclaw_shim_bytes_total{direction="sent"} ${bytes.sent}`,
      "",
    ].join("\n");
  }

  #countOther(outcome: string): void {
    const key = `${outcome} other`;
    const known = this.#outcomes.get(key);
    if (known) known.count += 1;
    // At most one such series for each of the fifteen outcomes.
    else this.#outcomes.set(key, { outcome, reason: "other", count: 1 });
  }
}

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
