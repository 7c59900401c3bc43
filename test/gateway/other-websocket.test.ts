import { once } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { startShimProcess } from "./shim-process.ts";

const DEADLINE_MS = 20_000;

// Only on the newest release: the old ones have no WebSocket of another protocol that opens without a plugin.
describe("a WebSocket of the gateway's that is not for pairing", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw());
    return () => gateway.close();
  });

  it("/__openclaw__/worker passes as it is and is reported as not-gateway-protocol", async () => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const socket = new WebSocket(`${shim.url}/__openclaw__/worker?secret=of-the-query`);
    onTestFinished(() => socket.terminate());
    await once(socket, "open", { signal });

    socket.send('{"type":"not-what-a-worker-says"}');

    // The worker endpoint's own refusal, word for word.
    const [code, reason]: unknown[] = await once(socket, "close", { signal });
    expect([code, String(reason)]).toEqual([1008, "invalid-handshake"]);
    expect(await shim.outcome()).toMatchObject({
      outcome: "not-gateway-protocol",
      path: "/__openclaw__/worker",
    });
    expect(shim.log.join("\n")).not.toContain("of-the-query");
  });
});
