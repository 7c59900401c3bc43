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

/** Memory outside of the heap that somebody still holds. */
function held(): number {
  runInNewContext("gc()");
  return process.memoryUsage().arrayBuffers;
}

/** Writes 25 MB, always from the same block, as fast as the other side takes them. */
function pour(socket: Socket): void {
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

function digestOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const hash = createHash("sha256");
    let left = TOTAL;
    socket.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      left -= chunk.length;
      if (left === 0) resolve(hash.digest("hex"));
    });
  });
}

/** Resolves when a sender gets nothing more into its socket. */
async function stuck(socket: Socket): Promise<void> {
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

describe("25 MB each way to readers that do not read yet", () => {
  it("wait at their sender and not in the shim, and then arrive whole", async () => {
    const { upgrade, requests, allClosed } = await startRawGatewayWithShim(acceptUpgrade());
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    const [server] = requests;
    if (!server) throw new Error("no upgrade reached the gateway");
    const sockets = [client.socket, server];
    for (const socket of sockets) socket.pause().removeAllListeners("data");

    const before = held();
    for (const socket of sockets) pour(socket);
    await Promise.all(sockets.map(stuck));
    for (const socket of sockets) expect(socket.writableLength).toBeGreaterThan(0);
    // What other tests in this process have just let go of may go a little later.
    await expect.poll(() => held() - before, { timeout: 5_000 }).toBeLessThan(1024 * 1024);

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
