import { describe, expect, it, onTestFinished } from "vitest";
import { startApproveBench } from "../approve/harness.ts";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { Metrics } from "../../src/outcome/metrics.ts";
import { metricsText } from "../../src/status/metrics-text.ts";
import { Connections } from "../../src/server/connections.ts";
import { OUTCOME_NAMES } from "../support/outcome-names.ts";
import { freePort, rawClient, upgradeRequest } from "../support/raw.ts";
import { exchange } from "../support/recorder.ts";
import { openShimFor, openTestShim, type TestShim } from "../support/shim.ts";
import { closeFrame } from "../support/websocket-frames.ts";

const DECISIONS = ["approved", "not-approved", "rejected", "not-rejected"];

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

  it("has every outcome with each known reason, every refusal and every decision from the start, at 0", async () => {
    const shim = await openShimFor({ port: await freePort() });
    const { values, text } = await scrape(shim);
    const expected = [
      ...OUTCOME_NAMES.map((outcome) => `outcomes_total{outcome="${outcome}",reason=""}`),
      'outcomes_total{outcome="pairing-required",reason="not-paired"}',
      'outcomes_total{outcome="unauthorized",reason="AUTH_TOKEN_MISMATCH"}',
      'outcomes_total{outcome="gateway-unreachable",reason="ECONNREFUSED"}',
      'outcomes_total{outcome="denied",reason="origin_not_allowed"}',
      'denied_requests_total{reason="host_not_allowed"}',
      ...DECISIONS.map((decision) => `approvals_total{decision="${decision}"}`),
      "held_requests_total",
      "log_lines_dropped_total",
      "dropped_total",
    ];
    expect(expected.filter((name) => values[`openclaw_shim_${name}`] !== 0)).toEqual([]);
    expect(text).toMatch(/^openclaw_shim_build_info\{version="\d+\.\d+\.\d+[^"]*"\} 1$/m);
    const started = values["process_start_time_seconds"] ?? 0;
    expect(Math.abs(Date.now() / 1000 - process.uptime() - started)).toBeLessThan(2);
  });

  it("counts denied HTTP requests, those that waited for the gateway, and lost log lines", async () => {
    const shim = await openShimFor({ port: await freePort() }, { hold: 200 }, { lostLines: () => 7 });
    await exchange(shim.port, ["GET / HTTP/1.1", "Host: evil.example"]);
    await exchange(shim.port, ["CONNECT example:443 HTTP/1.1", "Host: example"]);
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    await rawClient(shim.port, upgradeRequest()).closed();
    await shim.outcome(1);
    expect((await scrape(shim)).values).toMatchObject({
      'openclaw_shim_denied_requests_total{reason="host_not_allowed"}': 1,
      'openclaw_shim_denied_requests_total{reason="method_connect"}': 1,
      'openclaw_shim_denied_requests_total{reason="origin_malformed"}': 0,
      'openclaw_shim_outcomes_total{outcome="denied",reason="origin_malformed"}': 1,
      'openclaw_shim_outcomes_total{outcome="gateway-unreachable",reason="ECONNREFUSED"}': 1,
      openclaw_shim_held_requests_total: 1,
      openclaw_shim_log_lines_dropped_total: 7,
    });
  });

  it("counts what --approve seen decided", async () => {
    const approveScopes = ["operator.read", "operator.write"];
    const { shim, through, logged } = await startApproveBench("2026.2.19", { approveScopes });
    const device = createDevice();
    await through({ device, scopes: ["operator.read"] });
    await through({ device, scopes: ["operator.write"] });
    await logged("approved");
    await through({ device, scopes: ["operator.admin"] });
    await logged("not-approved");
    expect((await scrape(shim)).values).toMatchObject({
      'openclaw_shim_approvals_total{decision="approved"}': 1,
      'openclaw_shim_approvals_total{decision="not-approved"}': 1,
      'openclaw_shim_approvals_total{decision="rejected"}': 0,
    });
  });

  it("limits the reasons of each outcome, and escapes them", () => {
    const metrics = new Metrics();
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

function seriesOf(metrics: Metrics): string[] {
  const sources = {
    metrics,
    connections: new Connections(1),
    dialer: { heldRequests: () => 0 },
    approver: undefined,
    lostLines: () => 0,
  };
  const lines = metricsText(sources, false).split("\n");
  return lines.filter((line) => /^openclaw_shim_outcomes_total.* [1-9]\d*$/.test(line));
}

async function scrape(shim: TestShim): Promise<{ text: string; values: Record<string, number> }> {
  const text = await (await fetch(`http://${shim.authority}/__shim__/metrics`)).text();
  return { text, values: parse(text) };
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
