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

/** A gateway's start takes longer than the CLI's own patience (10 s) and the shim's default hold. */
const PATIENCE_MS = 110_000;
const CRON_STATUS = ["cron", "status", "--json", "--timeout", String(PATIENCE_MS)];

describe.each(chosenVersions())("openclaw %s that is still starting", (version) => {
  const token = randomToken();
  let openclaw: OpenClaw;
  let home: Home;
  let gateway: Gateway;
  /** One for each client, so that its outcomes are that client's. */
  let shims: { impatient: ShimProcess; cli: ShimProcess; client: ShimProcess };
  let result: HandshakeResult;
  let answer: CliResult;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
    home = await createHome();
    const port = await freePort();
    const startShim = (hold: number): Promise<ShimProcess> =>
      startShimProcess(`ws://127.0.0.1:${port}`, ["--hold", `${hold}ms`]);
    const [impatient, cli, client] = [
      await startShim(100),
      await startShim(PATIENCE_MS),
      await startShim(PATIENCE_MS),
    ];
    shims = { impatient, cli, client };
    await connect(impatient);

    const patient = connect(client);
    const cliAnswer = runCli(openclaw, home, [...CRON_STATUS, "--url", cli.url, "--token", token], {
      env: { OPENCLAW_HANDSHAKE_TIMEOUT_MS: String(PATIENCE_MS) },
      deadlineMs: PATIENCE_MS,
    });
    for (const shim of [client, cli]) {
      await vi.waitFor(() => holdsOne(shim), PATIENCE_MS);
    }
    [gateway, result, answer] = await Promise.all([
      startGateway(openclaw, { port, token }),
      patient,
      cliAnswer,
    ]);
  });
  afterAll(async () => {
    await gateway?.close();
    for (const shim of Object.values(shims)) await shim.close();
    await home?.remove();
  });

  const connect = (shim: ShimProcess): Promise<HandshakeResult> =>
    handshake({ url: shim.url, token, device: createDevice(), timeoutMs: PATIENCE_MS });

  it("is unreachable for a client that is not held, and the shim says how to start it", async () => {
    expect(await shims.impatient.outcome()).toMatchObject({
      outcome: "gateway-unreachable",
      reason: "ECONNREFUSED",
      fix: expect.stringContaining("start it (openclaw gateway run)"),
    });
  });

  it("answers a client that was held, at once or when it comes again as it was told", async () => {
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
    expect(first.fix).toMatch(/^the gateway is still starting: try again in \d+ s$/);
    expect(await connect(shims.client)).toMatchObject({ ok: true });
    expect(await shims.client.outcome(1)).toMatchObject({ outcome: "connected" });
  });

  it("answers OpenClaw's own CLI, which comes again by itself", async () => {
    expect(answer, answer.output).toMatchObject({ code: 0, json: { enabled: true } });
    await shims.cli.event("gateway.up");
    let last = await shims.cli.outcome();
    for (let next = 1; last.outcome === "gateway-starting"; next += 1) last = await shims.cli.outcome(next);
    expect(last).toMatchObject({ outcome: "connected", client: { id: "cli" } });
  });
});

/** @throws Error while it holds no connection. */
async function holdsOne(shim: ShimProcess): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${shim.port}/__shim__/health`);
  const health: unknown = await response.json();
  if (!isRecord(health) || health["open"] !== 1) throw new Error(`not one: ${JSON.stringify(health)}`);
}
