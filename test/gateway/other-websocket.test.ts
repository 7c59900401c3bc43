import { once } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { startShimProcess } from "./shim-process.ts";

const DEADLINE_MS = 20_000;

// Only on the newest release: without a plugin, older ones have no WebSocket with another protocol.
describe("a WebSocket of the gateway with another protocol", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw());
    return () => gateway.close();
  });

  it("at /__openclaw__/worker is relayed unchanged and reported as not-gateway-protocol", async () => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const socket = new WebSocket(`${shim.url}/__openclaw__/worker?secret=of-the-query`);
    onTestFinished(() => socket.terminate());
    await once(socket, "open", { signal });

    socket.send('{"type":"not-a-worker-message"}');

    // The worker endpoint's own close code and reason.
    const [code, reason]: unknown[] = await once(socket, "close", { signal });
    expect([code, String(reason)]).toEqual([1008, "invalid-handshake"]);
    expect(await shim.outcome()).toMatchObject({
      outcome: "not-gateway-protocol",
      path: "/__openclaw__/worker",
    });
    expect(shim.log.join("\n")).not.toContain("of-the-query");
  });
});
