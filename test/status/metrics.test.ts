import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { OutcomeMetrics } from "../../src/outcome/metrics.ts";
import { Connections } from "../../src/server/connections.ts";
import { openTestShim } from "../support/shim.ts";

describe("/__shim__/metrics", () => {
  it("counts outcomes, open connections, bytes and the time to an outcome", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
    onTestFinished(() => gateway.close());
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const url = `ws://${shim.authority}`;
    const open = await handshake({ url, token: "t", device: createDevice(), keepOpen: true });
    await handshake({ url, token: "wrong", device: createDevice() });
    await shim.outcome(1);

    const response = await fetch(`http://${shim.authority}/__shim__/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const values = parse(await response.text());
    expect(values).toMatchObject({
      'openclaw_shim_outcomes_total{outcome="connected",reason=""}': 1,
      'openclaw_shim_outcomes_total{outcome="unauthorized",reason="AUTH_TOKEN_MISMATCH"}': 1,
      openclaw_shim_connections: 1,
      openclaw_shim_gateway_up: 1,
      openclaw_shim_handshake_seconds_count: 2,
      'openclaw_shim_handshake_seconds_bucket{le="+Inf"}': 2,
    });
    expect(values['openclaw_shim_bytes_total{direction="received"}']).toBeGreaterThan(1_000);
    expect(values['openclaw_shim_bytes_total{direction="sent"}']).toBeGreaterThan(1_000);
    if (open.ok) await open.session?.close();
  });

  it("limits its series and escapes labels for any reason of a gateway", () => {
    const metrics = new OutcomeMetrics();
    for (let i = 0; i < 5_000; i += 1) {
      metrics.note({ outcome: "gateway-closed", reason: `"\\\n${i}`, ms: 1 });
    }
    const text = metrics.text(new Connections(1), false);
    const series = text.split("\n").filter((line) => line.startsWith("openclaw_shim_outcomes_total"));
    expect(series.length).toBeLessThanOrEqual(101);
    expect(series.at(-1)).toBe('openclaw_shim_outcomes_total{outcome="gateway-closed",reason="other"} 4900');
    for (const line of series)
      expect(line).toMatch(/^\w+\{outcome="[^"]*",reason="(?:[^"\\\n]|\\["\\n])*"\} \d+$/);
  });
});

function parse(text: string): Record<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => [
      line.slice(0, line.lastIndexOf(" ")),
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}
