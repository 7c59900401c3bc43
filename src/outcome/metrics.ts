import type { Connections } from "../server/connections.ts";
import { DOCTOR, type Outcome, type OutcomeName } from "./outcome.ts";

/** The content type of the Prometheus text format, version 0.0.4. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Upper bounds of the handshake histogram, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, Number.POSITIVE_INFINITY];
/** Reasons come from outside: beyond this many of one outcome they count as `other`. The shim's own are fewer. */
const REASON_LIMIT = 40;
/** A client may choose any of these codes (RFC 6455 section 7.4.2): they are one series. */
const PRIVATE_CLOSE = /^close [34]\d{3}$/;

/** A metric; a sample is the end of its name, with the labels, and a value. */
type Metric = readonly [
  name: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  samples: Iterable<readonly [suffix: string, value: number]>,
];

/** Counts outcomes in bounded memory, and writes them in the Prometheus text format. */
export class OutcomeMetrics {
  /** Number of each outcome, by reason. */
  readonly #outcomes = new Map<OutcomeName, Map<string, number>>();
  /** Number of handshakes within each bound. */
  readonly #buckets = new Map(BUCKETS.map((bound) => [bound, 0]));
  /** Number of clients that connected, and of the others; without doctor, which is not a client. */
  readonly clients = { connected: 0, other: 0 };
  #count = 0;
  #seconds = 0;

  /** Counts one outcome. */
  note({ outcome, reason = "", ms, client }: Pick<Outcome, "outcome" | "reason" | "ms" | "client">): void {
    if (!client?.version?.startsWith(DOCTOR))
      this.clients[outcome === "connected" ? "connected" : "other"] += 1;
    const counts = this.#outcomes.get(outcome) ?? new Map<string, number>();
    this.#outcomes.set(outcome, counts);
    const own = outcome === "abandoned" ? reason.replace(PRIVATE_CLOSE, "close 3000-4999") : reason;
    const counted = counts.size < REASON_LIMIT || counts.has(own) ? own : "other";
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
    const seconds = ms / 1000;
    this.#count += 1;
    this.#seconds += seconds;
    for (const [bound, count] of this.#buckets) if (seconds <= bound) this.#buckets.set(bound, count + 1);
  }

  /** Returns the whole exposition. */
  text(connections: Connections, gatewayUp: boolean): string {
    const buckets = Array.from(this.#buckets, ([bound, count]) => {
      const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
      return [`_bucket${labels({ le })}`, count] as const;
    });
    const seconds = [...buckets, ["_sum", this.#seconds], ["_count", this.#count]] as const;
    const bytes = Object.entries(connections.traffic());
    const traffic = bytes.map(([direction, count]) => [labels({ direction }), count] as const);
    const outcomes = Array.from(this.#outcomes, ([outcome, counts]) =>
      Array.from(counts, ([reason, count]) => [labels({ outcome, reason }), count] as const),
    ).flat();
    const metrics: readonly Metric[] = [
      ["outcomes_total", "counter", "Requests for a WebSocket, by how they ended.", outcomes],
      ["connections", "gauge", "Open upgraded connections and requests.", [["", connections.slots.used]]],
      [
        "gateway_up",
        "gauge",
        "1 if OpenClaw's gateway responded to the last probe.",
        [["", gatewayUp ? 1 : 0]],
      ],
      ["handshake_seconds", "histogram", "From the connection of an upgrade to its outcome.", seconds],
      [
        "dropped_total",
        "counter",
        "Connections that were closed to make room for others.",
        [["", connections.dropped]],
      ],
      ["bytes_total", "counter", "Bytes on clients' connections.", traffic],
    ];
    return metrics
      .map(([name, type, help, samples]) => {
        const lines = Array.from(samples, ([suffix, value]) => `openclaw_shim_${name}${suffix} ${value}\n`);
        return `# HELP openclaw_shim_${name} ${help}\n# TYPE openclaw_shim_${name} ${type}\n${lines.join("")}`;
      })
      .join("");
  }
}

function labels(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return `${name}="${escaped}"`;
  });
  return `{${pairs.join(",")}}`;
}
