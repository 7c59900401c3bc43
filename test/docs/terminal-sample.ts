import { prettyLines } from "../../src/log/pretty.ts";
import type { ConnectResponse } from "../../src/openclaw/protocol.ts";
import { adviceFor } from "../../src/outcome/outcome-advice.ts";
import { nextSteps } from "../../src/cli/next-steps.ts";
import { SETTINGS } from "../../src/settings/settings.ts";

const REFUSED: ConnectResponse = {
  ok: false,
  code: "NOT_PAIRED",
  message: "",
  detailsCode: "PAIRING_REQUIRED",
  reason: "scope-upgrade",
  requestId: "7c1b65e0-94c1-4d27-8f0b-3d1f1f6e3a11",
  deviceId: undefined,
  retryAfterMs: undefined,
};
const [GATEWAY] = SETTINGS.gateway.default ?? [];
const OUTCOME = {
  event: "pairing.outcome",
  client: { id: "cli", mode: "cli", version: "2026.4.5", platform: "linux" },
  role: "operator",
  deviceId: "4f02194a42ec",
  peer: "127.0.0.1",
  path: "/",
  normalized: { stripped: { "x-forwarded-for": "", "x-forwarded-proto": "", forwarded: "" } },
};
const { outcome, reason } = { outcome: "pairing-required", reason: "scope-upgrade" } as const;

/** What a start, one client that connects and one that does not look like on a terminal. */
const LINES: readonly (readonly [second: number, line: Readonly<Record<string, unknown>>])[] = [
  [5, { event: "listening", addresses: SETTINGS.listen.default, gateway: GATEWAY, msg: "listening" }],
  [5, { event: "gateway.up", gateway: GATEWAY, msg: "gateway is up" }],
  [19, { ...OUTCOME, outcome: "connected", ms: 19.2 }],
  [48, { ...OUTCOME, outcome, reason, ...adviceFor({ outcome, reason }, { response: REFUSED }), ms: 5.1 }],
];

/** A block of Markdown with what `run` prints, by the code that prints it. */
export function terminalSample(): string {
  const pretty = prettyLines({
    colors: false,
    columns: () => undefined,
    nextSteps: nextSteps("openclaw-shim", {
      OPENCLAW_CONFIG_PATH: "/nonexistent",
      OPENCLAW_GATEWAY_TOKEN: "t",
    }),
  });
  const rows = LINES.map(([second, line]) => {
    const time = new Date(2026, 0, 2, 3, 4, second).toISOString();
    return pretty(JSON.stringify({ level: "info", time, ...line }));
  });
  return `\n\`\`\`\n${rows.join("")}\`\`\`\n\n`;
}
