import { describe, expect, it, onTestFinished } from "vitest";
import { LIMITS } from "../../../src/commands/doctor/gateway-attempt.ts";
import { bundle, start } from "../bundle.ts";
import { freePort, startRawServer, type RawServer } from "../../support/raw.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

const ENV = { OPENCLAW_GATEWAY_TOKEN: TOKEN };
/** Long enough for a gateway in this process, on a busy machine. */
const SHORT = { gather: 2_500, clear: 1_000, handshake: 1_000, request: 500 };
/** For the work itself, beyond the limits. */
const WORK_MS = 1_000;

async function startRaw(...args: Parameters<typeof startRawServer>): Promise<RawServer> {
  const server = await startRawServer(...args);
  onTestFinished(() => server.close());
  return server;
}

describe("doctor", () => {
  it("finds that there is no gateway", async () => {
    const port = await freePort();

    const run = await runDoctor(["--gateway", `ws://127.0.0.1:${port}`], ENV);

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(run.of("gateway")[0]?.finding).toBe(
      `no connection to a gateway at ws://127.0.0.1:${port}: gateway-unreachable (ECONNREFUSED)`,
    );
    expect(run.of("gateway")[0]?.fix).toContain("openclaw gateway run");
    expect(run.of("direct", "unknown")).toHaveLength(1);
  });

  it("ends in time if the gateway hangs", async () => {
    const hanging = await startRaw();

    const run = await runDoctor(["--gateway", `ws://127.0.0.1:${hanging.port}`], ENV, SHORT);

    expect(run.ms).toBeLessThan(SHORT.gather + SHORT.clear + WORK_MS);
    expect(run.code).toBe(1);
    expect(run.of("gateway")[0]?.finding).toContain("gateway-unreachable (no response within");
  });

  it("ends in time if everything but the gateway hangs", async () => {
    const gateway = await startTestGateway();
    const at = `127.0.0.1:${(await startRaw()).port}`;
    const path = `ws://127.0.0.1:${(await startRaw()).port}`;
    const paths = [1, 2, 3, 4].flatMap((number) => ["--via", `${path}/${number}`]);

    const run = await runDoctor(["--gateway", gateway.url, "--listen", at, ...paths], ENV, SHORT);

    expect(run.ms).toBeLessThan(SHORT.gather + SHORT.clear + WORK_MS);
    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    expect(run.of("path")[0]?.finding).toContain(`${path}/1 (--via): gateway-unreachable`);
    expect(run.of("shim")[0]?.finding).toContain(
      `listens at ${at}, where the shim should, and is not a shim`,
    );
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("takes at most 15 s where people run it", () => {
    expect(LIMITS.gather + LIMITS.clear).toBeLessThan(15_000);
  });

  it("finds that another server responds there", async () => {
    const web = await startRaw((socket) => {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });

    const run = await runDoctor(["--gateway", `ws://127.0.0.1:${web.port}`], ENV);

    expect(run.of("gateway")[0]?.finding).toContain("HTTP 404");
    expect(run.of("gateway")[0]?.finding).toContain(`pid ${process.pid}`);
  });

  it("finds a gateway that is still starting", async () => {
    const gateway = await startTestGateway({ starting: true });

    const run = await runDoctor(["--gateway", gateway.url], ENV);

    expect(toFix(run)).toContain("gateway");
    expect(run.of("gateway")[0]?.finding).toContain("gateway-starting");
    expect(run.of("gateway")[0]?.fix).toContain("retry in 1 s");
  });

  it("cleans up and ends when it is interrupted", async () => {
    const command = await bundle();
    onTestFinished(() => command.remove());
    const gateway = await startTestGateway();
    const hanging = await startRaw();
    const args = ["doctor", "--json", "--gateway", gateway.url, "--listen", `127.0.0.1:${hanging.port}`];
    const from = performance.now();
    const run = start(command, args, ENV);
    await expect.poll(() => gateway.pairing.paired.length, { timeout: 8_000 }).toBe(1);

    run.signal("SIGINT");

    expect(await run.exit).toBe(1);
    expect(performance.now() - from).toBeLessThan(LIMITS.gather);
    expect(gateway.pairing.paired).toEqual([]);
  });
});
