import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { OutcomeMetrics } from "../../src/outcome/metrics.ts";
import { Connections } from "../../src/server/connections.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { openTestShim } from "../support/shim.ts";
import { closeFrame } from "../support/websocket-frames.ts";

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

  it("limits the reasons of each outcome, and escapes them", () => {
    const metrics = new OutcomeMetrics();
    for (let i = 0; i < 5_000; i += 1) {
      metrics.note({ outcome: "gateway-closed", reason: `"\\\n${i}`, ms: 1 });
    }
    const series = seriesOf(metrics);
    expect(series.length).toBeLessThanOrEqual(41);
    expect(series.at(-1)).toBe('openclaw_shim_outcomes_total{outcome="gateway-closed",reason="other"} 4960');
    for (const line of series)
      expect(line).toMatch(/^\w+\{outcome="[^"]*",reason="(?:[^"\\\n]|\\["\\n])*"\} \d+$/);
  });

  it("shows a reason that comes after all close codes and reasons that clients can choose", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
    onTestFinished(() => gateway.close());
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const close = (code: number): Promise<string> => {
      const client = rawClient(shim.port, upgradeRequest());
      client.socket.once("data", () => client.socket.write(closeFrame(code, `chosen ${code}`, true)));
      return client.closed();
    };
    const codes = [...Array.from({ length: 150 }, (_, i) => 3_000 + i), 1_000, 1_001, 1_011];
    await Promise.all(codes.map(close));
    await shim.outcome(codes.length - 1);
    const client = rawClient(shim.port, upgradeRequest());
    await client.until((text) => text.includes("connect.challenge"));
    client.socket.destroy();
    await handshake({ url: `ws://${shim.authority}`, token: "wrong", device: createDevice() });
    await shim.outcome(codes.length + 1);
    const values = parse(await (await fetch(`http://${shim.authority}/__shim__/metrics`)).text());
    expect(values).toMatchObject({
      'openclaw_shim_outcomes_total{outcome="abandoned",reason="close 3000-4999"}': 150,
      'openclaw_shim_outcomes_total{outcome="abandoned",reason="close 1011"}': 1,
      'openclaw_shim_outcomes_total{outcome="abandoned",reason="before connect"}': 1,
      'openclaw_shim_outcomes_total{outcome="unauthorized",reason="AUTH_TOKEN_MISMATCH"}': 1,
    });
  });
});

function seriesOf(metrics: OutcomeMetrics): string[] {
  const lines = metrics.text(new Connections(1), false).split("\n");
  return lines.filter((line) => line.startsWith("openclaw_shim_outcomes_total"));
}

function parse(text: string): Record<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => [
      line.slice(0, line.lastIndexOf(" ")),
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}
