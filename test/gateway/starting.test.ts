import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { isRecord } from "../../src/text/json.ts";
import { runCli } from "./cli.ts";
import type { CliResult } from "./cli.ts";
import { randomToken, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import type { Home } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";
import type { ShimProcess } from "./shim-process.ts";
import { startShimProcess } from "./shim-process.ts";

/** Longer than a gateway's start, which exceeds the CLI's own time limit (10 s) and the default --hold. */
const START_LIMIT_MS = 110_000;
/** More than the 32 unauthenticated handshakes that a gateway accepts. */
const MANY = 60;
const CRON_STATUS = ["cron", "status", "--json", "--timeout", String(START_LIMIT_MS)];

describe.each(chosenVersions())("openclaw %s while it starts", (version) => {
  const token = randomToken();
  let openclaw: OpenClaw;
  let home: Home;
  let gateway: Gateway;
  /** One per client, so that each has the outcomes of one client. */
  let shims: Record<"shortHold" | "cli" | "client" | "many", ShimProcess>;
  let result: HandshakeResult;
  let cliResult: CliResult;
  let manyResults: HandshakeResult[];
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
    home = await createHome();
    const port = await freePort();
    const startShim = (hold: number): Promise<ShimProcess> =>
      startShimProcess(`ws://127.0.0.1:${port}`, ["--hold", `${hold}ms`]);
    const [shortHold, cli, client, many] = [
      await startShim(100),
      await startShim(START_LIMIT_MS),
      await startShim(START_LIMIT_MS),
      await startShim(START_LIMIT_MS),
    ];
    shims = { shortHold, cli, client, many };
    await connect(shortHold);

    const clientResult = connect(client);
    const cliRun = runCli(openclaw, home, [...CRON_STATUS, "--url", cli.url, "--token", token], {
      env: { OPENCLAW_HANDSHAKE_TIMEOUT_MS: String(START_LIMIT_MS) },
      deadlineMs: START_LIMIT_MS,
    });
    const manyClients = Array.from({ length: MANY }, () => connect(many));
    await vi.waitFor(() => holds(many, MANY), START_LIMIT_MS);
    for (const shim of [client, cli]) await vi.waitFor(() => holds(shim, 1), START_LIMIT_MS);
    [gateway, result, cliResult, manyResults] = await Promise.all([
      startGateway(openclaw, { port, token }),
      clientResult,
      cliRun,
      Promise.all(manyClients),
    ]);
  });
  afterAll(async () => {
    await gateway?.close();
    for (const shim of Object.values(shims)) await shim.close();
    await home?.remove();
  });

  const connect = (shim: ShimProcess): Promise<HandshakeResult> =>
    handshake({ url: shim.url, token, device: createDevice(), timeoutMs: START_LIMIT_MS });

  it("is unreachable with a short --hold, and the fix is to start it", async () => {
    expect(await shims.shortHold.outcome()).toMatchObject({
      outcome: "gateway-unreachable",
      reason: "ECONNREFUSED",
      fix: expect.stringContaining("start the gateway (`openclaw gateway run`)"),
    });
  });

  it("accepts a held client, at once or when it retries after the announced time", async () => {
    const first = await shims.client.outcome();
    expect(first.ms).toBeGreaterThan(1000);
    const { starting } = openclaw.release;
    if (starting === undefined) {
      expect(first).toMatchObject({ outcome: "connected" });
      return;
    }
    expect(result).toMatchObject({
      ok: false,
      error: { code: "UNAVAILABLE", retryAfterMs: expect.any(Number) },
    });
    expect(first).toMatchObject({ outcome: "gateway-starting", reason: starting, close: { code: 1013 } });
    expect(first.fix).toMatch(/^retry in \d+ s: the gateway is still starting$/);
    expect(await connect(shims.client)).toMatchObject({ ok: true });
    expect(await shims.client.outcome(1)).toMatchObject({ outcome: "connected" });
  });

  it("refuses none of many held clients for their number", () => {
    const refused = manyResults.filter((many) => !many.ok && many.error?.["code"] !== "UNAVAILABLE");
    expect(refused).toEqual([]);
  });

  it("accepts OpenClaw's own CLI, which retries automatically", async () => {
    expect(cliResult, cliResult.output).toMatchObject({ code: 0, json: { enabled: true } });
    await shims.cli.event("gateway.up");
    let last = await shims.cli.outcome();
    for (let next = 1; last.outcome === "gateway-starting"; next += 1) last = await shims.cli.outcome(next);
    expect(last).toMatchObject({ outcome: "connected", client: { id: "cli" } });
  });
});

/** @throws Error unless the shim has so many open connections */
async function holds(shim: ShimProcess, open: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${shim.port}/__shim__/health`);
  const health: unknown = await response.json();
  if (!isRecord(health) || health["open"] !== open)
    throw new Error(`not ${open} open connections: ${JSON.stringify(health)}`);
}
