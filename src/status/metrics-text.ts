import type { Approver } from "../approve/approver.ts";
import { CONNECT_FAILURES, REFUSALS } from "../error-table.ts";
import type { Metrics } from "../outcome/metrics.ts";
import type { OutcomeName } from "../outcome/outcome.ts";
import type { Connections } from "../server/connections.ts";
import type { Dialer } from "../upstream/dial.ts";
import { VERSION } from "../version.ts";

/** The content type of the Prometheus text format, version 0.0.4. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The codes of the shim's own refusals. Those of the gateway's absence are outcomes of another name. */
const REFUSAL_CODES = Object.keys(REFUSALS).filter((code) => !code.startsWith("gateway_"));
const STAGES = ["before the challenge", "before connect", "after connect"];
/**
 * Reasons that an outcome is known to have (docs/gateway.md section 3). Their series exist from the start: a series that
 * appears with its first count has no increase for Prometheus.
 */
const KNOWN_REASONS: Readonly<Record<OutcomeName, readonly string[]>> = {
  connected: ["scopes-missing"],
  "pairing-required": ["not-paired", "scope-upgrade", "role-upgrade", "metadata-upgrade"],
  "device-required": ["DEVICE_IDENTITY_REQUIRED", "CONTROL_UI_DEVICE_IDENTITY_REQUIRED", "NOT_PAIRED"],
  "device-invalid": [
    "DEVICE_AUTH_INVALID",
    "DEVICE_AUTH_DEVICE_ID_MISMATCH",
    "DEVICE_AUTH_PUBLIC_KEY_INVALID",
    "DEVICE_AUTH_SIGNATURE_INVALID",
    "DEVICE_AUTH_SIGNATURE_EXPIRED",
    "DEVICE_AUTH_NONCE_MISMATCH",
    "DEVICE_AUTH_NONCE_REQUIRED",
  ],
  unauthorized: [
    "AUTH_TOKEN_MISSING",
    "AUTH_TOKEN_MISMATCH",
    "AUTH_TOKEN_NOT_CONFIGURED",
    "AUTH_PASSWORD_MISSING",
    "AUTH_PASSWORD_MISMATCH",
    "AUTH_DEVICE_TOKEN_MISMATCH",
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "AUTH_SCOPE_MISMATCH",
    "AUTH_UNAUTHORIZED",
    "AUTH_REQUIRED",
  ],
  "rate-limited": ["AUTH_RATE_LIMITED", "too_many_failures"],
  "origin-rejected": ["CONTROL_UI_ORIGIN_NOT_ALLOWED"],
  "protocol-mismatch": ["PROTOCOL_MISMATCH", "CONTROL_UI_BUILD_MISMATCH"],
  "gateway-starting": ["startup-sidecars"],
  "gateway-refused": ["HTTP 503", "proxy_attribution_required"],
  "gateway-unreachable": Object.keys(CONNECT_FAILURES),
  "gateway-closed": STAGES,
  abandoned: [...STAGES, "close 1000", "close 1001", "close 1005", "close 3000-4999"],
  denied: REFUSAL_CODES.filter((code) => code !== "too_many_failures"),
  "not-gateway-protocol": [],
};

const DECISIONS = ["approved", "not-approved", "rejected", "not-rejected"];

/** A sample: its labels or the end of its name, and its value. */
type Sample = readonly [suffix: string, value: number];
type Metric = readonly [name: string, type: string, help: string, samples: readonly Sample[] | number];
type Counts = Iterable<readonly [key: string, count: number]>;

/** What the metrics are read from. */
export interface MetricSources {
  readonly metrics: Metrics;
  readonly connections: Connections;
  readonly dialer: Pick<Dialer, "heldRequests">;
  /** Only with `--approve seen`. */
  readonly approver: Pick<Approver, "decisions"> | undefined;
  readonly lostLines: () => number;
}

/** Returns all metrics in the Prometheus text format. */
export function metricsText(sources: MetricSources, gatewayUp: boolean): string {
  const { metrics, connections, dialer, approver, lostLines } = sources;
  const denied = withZeros(REFUSAL_CODES, metrics.denied);
  const decisions = withZeros(DECISIONS, approver?.decisions);
  const bounds = Array.from(
    metrics.buckets,
    ([bound, count]) => [bound.toString().replace("Infinity", "+Inf"), count] as const,
  );
  const rows: readonly Metric[] = [
    [
      "openclaw_shim_outcomes_total",
      "counter",
      "Requests for a WebSocket, by how they ended.",
      outcomes(metrics),
    ],
    [
      "openclaw_shim_denied_requests_total",
      "counter",
      "Plain HTTP requests that the shim refused.",
      samples("reason", denied),
    ],
    [
      "openclaw_shim_held_requests_total",
      "counter",
      "Requests that waited for the gateway.",
      dialer.heldRequests(),
    ],
    [
      "openclaw_shim_approvals_total",
      "counter",
      "Decisions of --approve seen.",
      samples("decision", decisions),
    ],
    ["openclaw_shim_connections", "gauge", "Open upgraded connections and requests.", connections.slots.used],
    [
      "openclaw_shim_gateway_up",
      "gauge",
      "1 if OpenClaw's gateway responded to the last probe.",
      Number(gatewayUp),
    ],
    [
      "openclaw_shim_handshake_seconds",
      "histogram",
      "From the connection of an upgrade to its outcome.",
      [
        ...samples("le", bounds).map(([le, count]): Sample => [`_bucket${le}`, count]),
        ["_sum", metrics.seconds],
        ["_count", metrics.handshakes],
      ],
    ],
    [
      "openclaw_shim_dropped_total",
      "counter",
      "Connections that were closed to make room for others, or to free memory.",
      connections.dropped,
    ],
    [
      "openclaw_shim_bytes_total",
      "counter",
      "Bytes on clients' connections.",
      samples("direction", Object.entries(connections.traffic())),
    ],
    ["openclaw_shim_log_lines_dropped_total", "counter", "Log lines that were lost.", lostLines()],
    ["openclaw_shim_build_info", "gauge", "1; its label is the version.", samples("version", [[VERSION, 1]])],
    [
      "process_start_time_seconds",
      "gauge",
      "When the process started, in Unix time.",
      performance.timeOrigin / 1000,
    ],
  ];
  return rows
    .map(([name, type, help, values]) => {
      const list: readonly Sample[] = typeof values === "number" ? [["", values]] : values;
      const lines = list.map(([suffix, value]) => `${name}${suffix} ${value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    })
    .join("");
}

function outcomes(metrics: Metrics): Sample[] {
  return Object.entries(KNOWN_REASONS).flatMap(([outcome, reasons]) =>
    samples("reason", withZeros(["", ...reasons], metrics.outcomes.get(outcome)), `outcome="${outcome}",`),
  );
}

/** Returns the counts, with 0 for each key that has none yet. */
function withZeros(keys: readonly string[], counts: Counts = []): Counts {
  return new Map([...keys.map((key) => [key, 0] as const), ...counts]);
}

function samples(label: string, counts: Counts, first = ""): Sample[] {
  return Array.from(counts, ([value, count]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    return [`{${first}${label}="${escaped}"}`, count];
  });
}
