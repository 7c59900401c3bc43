import { once } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import type { ShimProcess } from "./shim-process.ts";
import { startShimProcess } from "./shim-process.ts";

const DEADLINE_MS = 20_000;
const CONNECT = JSON.stringify({ type: "req", id: "1", method: "connect", params: {} });

describe.each(chosenVersions())("openclaw %s when killed", (version) => {
  let openclaw: OpenClaw;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
  });

  it("during a session and during handshakes: every client is closed within a second, and the outcomes have the reason", async () => {
    const gateway = await startGateway(openclaw);
    onTestFinished(() => gateway.close());
    const shim = await startShimProcess(gateway.url, ["--hold", "0s"]);
    onTestFinished(() => shim.close());
    const session = await connected(shim, gateway.token);
    const silent = await challenged(shim);
    const waiting = await challenged(shim);
    gateway.freeze();
    await new Promise<unknown>((resolve) => waiting.send(CONNECT, resolve));
    // The shim handles events in order: bytes that arrived before are relayed before this response.
    await fetch(`http://127.0.0.1:${shim.port}/__shim__/metrics`);

    const signal = AbortSignal.timeout(DEADLINE_MS);
    const ended = Promise.all([session, silent, waiting].map((socket) => once(socket, "close", { signal })));
    const killed = performance.now();
    await gateway.kill();
    await ended;

    expect(performance.now() - killed).toBeLessThan(1000);
    expect(await shim.outcome(0)).toMatchObject({ outcome: "connected" });
    const handshakes = [await shim.outcome(1), await shim.outcome(2)];
    const fix = expect.stringContaining("openclaw logs --follow");
    expect(handshakes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ outcome: "gateway-closed", reason: "before connect", fix }),
        expect.objectContaining({ outcome: "gateway-closed", reason: "after connect", fix }),
      ]),
    );

    expect(await handshake({ url: shim.url, token: gateway.token })).toMatchObject({ http: { status: 502 } });
    expect(await shim.outcome(3)).toMatchObject({
      level: "error",
      outcome: "gateway-unreachable",
      reason: "ECONNREFUSED",
      fix: expect.stringContaining("start the gateway (`openclaw gateway run`)"),
    });
    expect(await shim.stop()).toEqual({ code: 0, signal: null });
  });
});

/** Opens a connected session. */
async function connected(shim: ShimProcess, token: string): Promise<WebSocket> {
  const result = await handshake({ url: shim.url, token, device: createDevice(), keepOpen: true });
  if (!result.ok || result.session === undefined) throw new Error(`refused: ${JSON.stringify(result)}`);
  await shim.outcome();
  return result.session.socket;
}

/** Opens a WebSocket and waits for the challenge. */
async function challenged(shim: ShimProcess): Promise<WebSocket> {
  const socket = new WebSocket(shim.url);
  onTestFinished(() => socket.terminate());
  socket.on("error", () => {});
  await once(socket, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });
  return socket;
}
