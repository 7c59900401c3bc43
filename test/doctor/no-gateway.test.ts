import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, freePort, start, type Bundle } from "../commands/bundle.ts";
import { startRawServer, type RawServer } from "../support/raw.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

/** The run as a whole. */
const LIMIT_MS = 15_000;
const SLOW = { timeout: 20_000 };
const ENV = { OPENCLAW_GATEWAY_TOKEN: TOKEN };

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

async function startRaw(...args: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...args);
  onTestFinished(() => server.close());
  return server;
}

describe("doctor", () => {
  it("finds that there is no gateway", async () => {
    const port = await freePort();

    const run = await runDoctor(command, ["--gateway", `ws://127.0.0.1:${port}`], ENV);

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(run.of("gateway")[0]?.finding).toBe(`no gateway at ws://127.0.0.1:${port}: ECONNREFUSED`);
    expect(run.of("gateway")[0]?.fix).toContain("openclaw gateway run");
    expect(run.of("direct", "unknown")).toHaveLength(1);
  });

  it("ends in time where the gateway hangs", SLOW, async () => {
    const hanging = await startRaw();

    const run = await runDoctor(command, ["--gateway", `ws://127.0.0.1:${hanging.port}`], ENV);

    expect(run.ms).toBeLessThan(LIMIT_MS);
    expect(run.code).toBe(1);
    expect(run.of("gateway")[0]?.finding).toContain("takes connections, but no gateway answered");
  });

  it("ends in time where everything but the gateway hangs", SLOW, async () => {
    const gateway = await startTestGateway();
    const at = `127.0.0.1:${(await startRaw()).port}`;
    const way = `ws://127.0.0.1:${(await startRaw()).port}`;
    const ways = [1, 2, 3, 4].flatMap((number) => ["--via", `${way}/${number}`]);

    const run = await runDoctor(command, ["--gateway", gateway.url, "--listen", at, ...ways], ENV);

    expect(run.ms).toBeLessThan(LIMIT_MS);
    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    expect(run.of("path")[0]?.finding).toContain(`${way}/1 (--via): gateway-unreachable`);
    expect(run.of("shim")[0]?.finding).toContain(`listens at ${at}, where the shim should, and is no shim`);
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("finds that something else answers there", async () => {
    const web = await startRaw((socket) => {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });

    const run = await runDoctor(command, ["--gateway", `ws://127.0.0.1:${web.port}`], ENV);

    expect(run.of("gateway")[0]?.finding).toContain("HTTP 404");
    expect(run.of("gateway")[0]?.finding).toContain(`pid ${process.pid}`);
  });

  it("finds a gateway that is still starting", async () => {
    const gateway = await startTestGateway({ starting: true });

    const run = await runDoctor(command, ["--gateway", gateway.url], ENV);

    expect(toFix(run)).toContain("gateway");
    expect(run.of("gateway")[0]?.finding).toContain("gateway-starting");
    expect(run.of("gateway")[0]?.fix).toContain("try again in 1 s");
  });

  it("cleans up and ends when it is interrupted", SLOW, async () => {
    const gateway = await startTestGateway();
    const hanging = await startRaw();
    const args = ["doctor", "--json", "--gateway", gateway.url, "--listen", `127.0.0.1:${hanging.port}`];
    const from = performance.now();
    const run = start(command, args, ENV);
    await expect.poll(() => gateway.pairing.paired.length, { timeout: 8_000 }).toBe(1);

    run.signal("SIGINT");

    expect(await run.exit).toBe(1);
    expect(performance.now() - from).toBeLessThan(LIMIT_MS / 2);
    expect(gateway.pairing.paired).toEqual([]);
  });
});
