import { createServer } from "node:http";
import { once } from "node:events";
import { createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { TOKEN } from "../support/gateways.ts";
import { portOf, SWITCHING_PROTOCOLS } from "../support/raw.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";

/** Listens on a free port; closes the server after the test. */
async function listening(server: Server): Promise<{ readonly port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: portOf(server) };
}

async function get(shim: TestShim, page: string): Promise<Response> {
  return fetch(`http://${shim.authority}/__shim__/${page}`);
}

async function gatewayHealth(shim: TestShim): Promise<Record<string, unknown>> {
  const { gateway } = (await (await get(shim, "health")).json()) as { gateway: Record<string, unknown> };
  return gateway;
}

function downLines({ lines }: TestShim): readonly unknown[] {
  return lines.filter(({ event }) => event === "gateway.down");
}

/** Replaces the intervals of the shims that are opened from here on. */
function stopIntervals(): void {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
}

describe("the gateway is up", () => {
  it.each(FAKE_RELEASES)("if OpenClaw %s responds", async (release) => {
    const gateway = await startFakeGateway({ release, token: TOKEN });
    onTestFinished(() => gateway.close());
    const shim = await openShimFor(gateway);
    expect((await get(shim, "health")).status).toBe(200);
    expect(await gatewayHealth(shim)).toMatchObject({ reachable: true, state: "up" });
    expect(await (await get(shim, "metrics")).text()).toContain("\nopenclaw_shim_gateway_up 1\n");
    expect(downLines(shim)).toEqual([]);
  });
});

/** Starts a server at the gateway's address, with a shim in front of it. */
const STARTS = {
  async webServer() {
    // Its health is 200, too.
    const server = createServer((_request, response) => response.end('{"ok":true}'));
    return openShimFor(await listening(server));
  },
  async otherProtocol() {
    const server = createTcpServer((socket) =>
      socket.on("error", () => {}).write("SSH-2.0-OpenSSH_10.0\r\n"),
    );
    return openShimFor(await listening(server));
  },
  async upgradingServer() {
    const server = createTcpServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.write(SWITCHING_PROTOCOLS)),
    );
    return openShimFor(await listening(server));
  },
  async tlsGateway() {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, tls: TEST_CERTIFICATE });
    onTestFinished(() => gateway.close());
    return openShimFor(gateway);
  },
  async tlsServerWithPlainError() {
    // As nginx does.
    const tls = createTlsServer(TEST_CERTIFICATE);
    const server = createTcpServer((socket) => {
      socket
        .on("error", () => {})
        .once("data", (chunk: Buffer) => {
          const isTls = chunk[0] === 0x16;
          if (!isTls) return void socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
          socket.pause().unshift(chunk);
          tls.emit("connection", socket);
          return process.nextTick(() => socket.resume());
        });
    });
    return openShimFor(await listening(server));
  },
  async plainGatewayUnderWss() {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    onTestFinished(() => gateway.close());
    return openShimFor(gateway, { gateway: { ...testSettings(gateway.port).gateway, tls: true } });
  },
};

describe("the gateway is not up", () => {
  it.each([
    ["a web server responds", "webServer", "not-a-gateway", "correct the port"],
    ["the server does not respond in HTTP", "otherProtocol", "not-a-gateway", "correct the port"],
    ["the server responds with 101", "upgradingServer", "not-a-gateway", "correct the port"],
    ["the gateway speaks TLS under ws://", "tlsGateway", "tls-expected", "wss://"],
    [
      "a server that responds to plain HTTP with 400 speaks TLS",
      "tlsServerWithPlainError",
      "tls-expected",
      "wss://",
    ],
    ["the gateway does not speak TLS under wss://", "plainGatewayUnderWss", "tls-not-expected", "ws://"],
  ] as const)("if %s", async (_what, start, state, fix) => {
    const shim = await STARTS[start]();
    const expected = { state, reason: expect.any(String), fix: expect.stringContaining(fix) };
    expect((await get(shim, "health")).status).toBe(503);
    expect(await gatewayHealth(shim)).toMatchObject({ reachable: false, ...expected });
    expect(downLines(shim)).toMatchObject([{ ...expected, level: "warn" }]);
    expect(await (await get(shim, "metrics")).text()).toContain("\nopenclaw_shim_gateway_up 0\n");
  });
});

describe("a gateway that stops while no client connects", () => {
  it("is noticed within 15 s", async () => {
    stopIntervals();
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    const shim = await openShimFor(gateway);
    await shim.logged("gateway.up");
    await gateway.close();
    vi.advanceTimersByTime(15_000);
    expect(await shim.logged("gateway.down")).toMatchObject({ state: "down", reason: "ECONNREFUSED" });
  });

  it("is noticed at a scrape, and its times say what is known", async () => {
    stopIntervals();
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    const shim = await openShimFor(gateway);
    await shim.logged("gateway.up");
    const { since: upSince } = await gatewayHealth(shim);
    await gateway.close();
    expect(await (await get(shim, "metrics")).text()).toContain("\nopenclaw_shim_gateway_up 0\n");
    const { since, lastResponse } = await gatewayHealth(shim);
    const [up, last, down] = [upSince, lastResponse, since].map((time) => Date.parse(String(time)));
    expect(last).toBeGreaterThanOrEqual(up ?? NaN);
    expect(down).toBeGreaterThanOrEqual(last ?? NaN);
    expect(downLines(shim)).toMatchObject([{ lastResponse }]);
  });

  it("has no time of a last response if it was never up", async () => {
    const server = createServer((_request, response) => response.end());
    const shim = await openShimFor(await listening(server));
    expect(await gatewayHealth(shim)).not.toHaveProperty("lastResponse");
  });
});
