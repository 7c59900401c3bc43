import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { splice } from "../../src/upstream/splice.ts";
import { startRawGatewayWithShim, tcpPair } from "../support/raw-gateway.ts";
import { closed, SWITCHING_PROTOCOLS } from "../support/raw.ts";

describe("data that is in transit when one side closes", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("reaches a slow client completely, even after the idle time limit", async () => {
    const data = randomBytes(8 * 1024 * 1024);
    const { upgrade, allClosed } = await startRawGatewayWithShim((socket) => {
      socket.write(SWITCHING_PROTOCOLS);
      socket.end(data);
    });
    const client = upgrade();
    const start = performance.now();
    // Alternates between reading and pausing: about 3 MB per second.
    const turns = setInterval(
      () => (client.socket.isPaused() ? client.socket.resume() : client.socket.pause()),
      100,
    );
    client.socket.on("data", () => {
      if (client.socket.bytesRead > ((performance.now() - start) / 1_000) * 3_000_000) client.socket.pause();
    });
    const received = Buffer.from(await client.closed(), "latin1").subarray(SWITCHING_PROTOCOLS.length);
    clearInterval(turns);
    expect(performance.now() - start).toBeGreaterThan(2_000);
    expect(received.length).toBe(data.length);
    expect(digest(received)).toBe(digest(data));
    await allClosed();
  });

  it.each(["client", "gateway"] as const)(
    "does not keep the connection of a %s that has closed and reads nothing",
    async (first) => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      const [client, gateway] = [await tcpPair(), await tcpPair()];
      const over = new Promise((resolve) => {
        const [early, received] = [Buffer.alloc(0), Buffer.alloc(0)];
        const listener = { onBytes: () => false, onClosed: resolve };
        const [near, other] = [client.near, gateway.near];
        splice({ client: near, gateway: other, early, received, headSize: 0, listener });
      });
      const [stalled, talker] = first === "client" ? [client, gateway] : [gateway, client];
      stalled.far.pause();
      // Until the kernel accepts no more bytes, and the rest is buffered in the shim.
      while (stalled.near.writableLength === 0) {
        talker.far.write(Buffer.alloc(4_096));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const ended = once(stalled.near, "end");
      stalled.far.end();
      await ended;
      talker.far.resetAndDestroy();
      await closed(talker.near);
      expect(stalled.near.destroyed).toBe(false);
      vi.advanceTimersByTime(20_000);
      expect(await over).toBe(first);
      expect(stalled.near.destroyed).toBe(true);
    },
  );
});

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
