import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { freePort, portOf, rawClient, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor, openTestShim, type TestShim } from "../support/shim.ts";

/** More than are open at once. */
const MANY = 80;
/** Kubernetes gives a probe a second. */
const PROBE_MS = 1_000;
const ON_ANY_PORT = { metricsListen: { host: "127.0.0.1", port: 0 } };

/** Opens a shim with a metrics listener; returns it with the port of that. */
async function open(gatewayPort: number): Promise<{ shim: TestShim; port: number }> {
  const shim = await openShimFor({ port: gatewayPort }, ON_ANY_PORT);
  const { metrics } = await shim.logged("listening");
  return { shim, port: Number(String(metrics).split(":")[1]) };
}

async function get(port: number, path: string, method = "GET"): Promise<{ status: number; body: unknown }> {
  const response = await exchange(port, [`${method} ${path} HTTP/1.1`, "Host: prometheus.svc.cluster.local"]);
  const body = response.slice(response.indexOf("\r\n\r\n") + 4);
  return { status: statusOf(response), body: body.startsWith("{") ? JSON.parse(body) : body };
}

describe("/health on --metrics-listen", () => {
  it("is 200 while the shim runs; with ?gateway only while the gateway is up", async () => {
    const gatewayPort = await freePort();
    const { port } = await open(gatewayPort);
    const down = { status: "gateway-down", gateway: { reachable: false, state: "down" } };
    expect(await get(port, "/health")).toMatchObject({ status: 200, body: down });
    expect(await get(port, "/health?gateway")).toMatchObject({ status: 503, body: down });
    const gateway = await startFakeGateway({ release: "2026.9.6", token: "t", port: gatewayPort });
    onTestFinished(() => gateway.close());
    const up = { status: "ok", version: expect.any(String), gateway: { reachable: true, state: "up" } };
    expect(await get(port, "/health?gateway")).toMatchObject({ status: 200, body: up });
    expect(await get(port, "/health")).toMatchObject({ status: 200, body: up });
  });

  it("responds within a probe's second while the gateway accepts connections and is silent", async () => {
    const booting = createServer().listen(0, "127.0.0.1");
    await once(booting, "listening");
    onTestFinished(() => void booting.close());
    const { port } = await open(portOf(booting));
    const start = performance.now();
    expect(await get(port, "/health")).toMatchObject({ status: 200, body: { status: "gateway-down" } });
    expect(performance.now() - start).toBeLessThan(PROBE_MS);
    expect(await get(port, "/health?gateway")).toMatchObject({
      status: 503,
      body: { gateway: { reason: "TIMEOUT" } },
    });
  });

  it("contains nothing about a client, unlike /__shim__/health", async () => {
    const { shim, port } = await open((await startRecorder()).port);
    await rawClient(shim.port, upgradeRequest(["Origin: http://", "X-Forwarded-For: 203.0.113.7"])).closed();
    await shim.outcome();
    for (const path of ["/health", "/health?gateway", "/metrics"]) {
      const { body } = await get(port, path);
      expect(JSON.stringify(body)).not.toMatch(/lastOutcome|203\.0\.113|127\.0\.0\.1/);
    }
  });
});

describe("--metrics-listen", () => {
  it("has the metrics of the shim, for any Host, with GET and HEAD only", async () => {
    const { shim, port } = await open((await startRecorder()).port);
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    await shim.outcome();
    const metrics = await get(port, "/metrics");
    expect(metrics.body).toContain(
      '\nopenclaw_shim_outcomes_total{outcome="denied",reason="origin_malformed"} 1\n',
    );
    expect(metrics.body).toContain("\nopenclaw_shim_gateway_up 1\n");
    expect(await get(port, "/metrics", "HEAD")).toEqual({ status: 200, body: "" });
    expect((await get(port, "/metrics", "POST")).status).toBe(405);
  });

  it("relays nothing, and has no other page", async () => {
    const gateway = await startRecorder();
    const { port } = await open(gateway.port);
    const paths = [
      "/",
      "/__shim__/",
      "/__shim__/outcomes",
      "/health?gatewy",
      "/metrics/",
      "http://127.0.0.1/metrics",
    ];
    for (const path of paths) expect((await get(port, path)).status).toBe(404);
    const upgrade = await rawClient(port, upgradeRequest()).closed();
    expect(statusOf(upgrade)).toBe(404);
    expect(errorOf(upgrade).fix).toContain("use /health, /health?gateway or /metrics here");
    expect(gateway.requests()).toEqual([]);
  });

  it("responds while others hold as many connections as are open at once, without a slot", async () => {
    const { shim, port } = await open((await startRecorder()).port);
    const slow = Array.from({ length: MANY }, () => rawClient(port, "GET /metrics HTTP/1.1\r\n"));
    onTestFinished(() => {
      for (const { socket } of slow) socket.destroy();
    });
    await Promise.race(slow.map((client) => client.closed()));
    expect((await get(port, "/metrics")).body).toContain("\nopenclaw_shim_connections 0\n");
    expect(
      statusOf(await exchange(shim.port, ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close"])),
    ).toBe(200);
  });

  it("is closed with the shim, also if the shim could not start", async () => {
    const gateway = await startRecorder();
    const { shim, port } = await open(gateway.port);
    const metricsPort = await freePort();
    const settings = {
      listen: [{ host: "127.0.0.1", port: shim.port }],
      metricsListen: { host: "127.0.0.1", port: metricsPort },
    };
    await expect(openTestShim(gateway.port, settings)).rejects.toThrow("EADDRINUSE");
    await shim.close();
    for (const closed of [port, metricsPort]) {
      const { socket } = rawClient(closed);
      const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("ECONNREFUSED");
    }
  });
});
