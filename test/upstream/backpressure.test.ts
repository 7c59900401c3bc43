import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, describe, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";

const BLOCK = randomBytes(256 * 1024);
const BLOCKS = 100;
const TOTAL = BLOCK.length * BLOCKS;

setFlagsFromString("--expose-gc");

/** Returns the bytes outside the heap that are still in use, after a garbage collection. */
function retainedBytes(): number {
  runInNewContext("gc()");
  return process.memoryUsage().arrayBuffers;
}

/** Writes 25 MB from one block, as fast as the peer reads them. */
function writeAll(socket: Socket): void {
  let sent = 0;
  const more = (): void => {
    while (sent < TOTAL) {
      sent += BLOCK.length;
      if (!socket.write(BLOCK)) return;
    }
    socket.off("drain", more);
  };
  socket.on("drain", more);
  more();
}

/** Resolves with the SHA-256 of the next 25 MB. */
function digestOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const hash = createHash("sha256");
    let missing = TOTAL;
    socket.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      missing -= chunk.length;
      if (missing === 0) resolve(hash.digest("hex"));
    });
  });
}

/** Resolves when the kernel accepts no more bytes of a sender. */
async function blocked(socket: Socket): Promise<void> {
  let before = -1;
  let same = 0;
  await expect
    .poll(
      () => {
        const now = socket.bytesWritten - socket.writableLength;
        same = now === before ? same + 1 : 0;
        before = now;
        return same;
      },
      { timeout: 5_000, interval: 20 },
    )
    .toBeGreaterThan(5);
}

describe("25 MB in each direction to peers that do not read yet", () => {
  it("stay at the sender, not in the shim, and later arrive complete", async () => {
    const { upgrade, requests, allClosed } = await startRawGatewayWithShim(acceptUpgrade());
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    const [server] = requests;
    if (!server) throw new Error("no upgrade reached the gateway");
    const sockets = [client.socket, server];
    for (const socket of sockets) socket.pause().removeAllListeners("data");

    const before = retainedBytes();
    for (const socket of sockets) writeAll(socket);
    await Promise.all(sockets.map(blocked));
    for (const socket of sockets) expect(socket.writableLength).toBeGreaterThan(0);
    // Memory that other tests in this process have just released may be freed a little later.
    await expect.poll(() => retainedBytes() - before, { timeout: 5_000 }).toBeLessThan(1024 * 1024);

    const digests = sockets.map(digestOf);
    for (const socket of sockets) socket.resume();
    const expected = createHash("sha256");
    for (let i = 0; i < BLOCKS; i += 1) expected.update(BLOCK);
    const digest = expected.digest("hex");
    expect(await Promise.all(digests)).toEqual([digest, digest]);
    client.socket.destroy();
    await allClosed();
  });
});
