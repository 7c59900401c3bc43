import { once } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { handshake } from "../../src/client/handshake.ts";
import { createDevice } from "../../src/pairing/device.ts";
import { runCli } from "./cli.ts";
import { randomToken, startGateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";
import type { ShimProcess } from "./shim-process.ts";
import { startShimProcess } from "./shim-process.ts";

/** A gateway's start takes longer than the CLI's own patience (10 s) and the shim's default hold. */
const PATIENCE_MS = 110_000;

describe.each(chosenVersions())("openclaw %s that comes and goes behind the shim", (version) => {
  let openclaw: OpenClaw;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
  });

  it("is waited for: a CLI that connects before the gateway is up gets its answer", async () => {
    const port = await freePort();
    const token = randomToken();
    const shim = await startShimProcess(`ws://127.0.0.1:${port}`, ["--hold", `${PATIENCE_MS}ms`]);
    onTestFinished(() => shim.close());
    const home = await createHome();
    onTestFinished(() => home.remove());
    await shim.event("gateway.down");

    const answer = runCli(
      openclaw,
      home,
      ["cron", "status", "--json", "--timeout", String(PATIENCE_MS), "--url", shim.url, "--token", token],
      { env: { OPENCLAW_HANDSHAKE_TIMEOUT_MS: String(PATIENCE_MS) }, deadlineMs: PATIENCE_MS },
    );
    await vi.waitFor(async () => expect(await healthOf(shim)).toMatchObject({ open: 1 }), PATIENCE_MS);
    const [result, gateway] = await Promise.all([answer, startGateway(openclaw, { port, token })]);
    onTestFinished(() => gateway.close());

    expect(result).toMatchObject({ code: 0, json: { enabled: true } });
    await shim.event("gateway.up");
    const first = await shim.outcome();
    expect(first.ms).toBeGreaterThan(1000);
    // The port is there before the gateway is: it may say so (UNAVAILABLE), and the CLI comes again by itself.
    let last = first;
    for (let next = 1; last.outcome === "gateway-starting"; next += 1) last = await shim.outcome(next);
    expect(last).toMatchObject({ outcome: "connected", client: { id: "cli" } });
  });

  it("is killed: its client's session ends within a second", async () => {
    const gateway = await startGateway(openclaw);
    onTestFinished(() => gateway.close());
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    const result = await handshake({
      url: shim.url,
      token: gateway.token,
      device: createDevice(),
      keepOpen: true,
    });
    if (!result.ok || result.session === undefined) throw new Error(`refused: ${JSON.stringify(result)}`);
    const ended = once(result.session.socket, "close", { signal: AbortSignal.timeout(10_000) });

    const killed = performance.now();
    await gateway.kill();
    await ended;

    expect(performance.now() - killed).toBeLessThan(1000);
    expect(await healthOf(shim)).toMatchObject({ status: "gateway-down", gateway: { reachable: false } });
    expect(await shim.stop()).toEqual({ code: 0, signal: null });
  });
});

async function healthOf(shim: ShimProcess): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${shim.port}/__shim__/health`);
  return response.json();
}
