import { createHash, type Hash } from "node:crypto";
import type { Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";

/** How much to write at once, and whether to wait for the next turn of the loop before. */
const writes = fc.array(
  fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 200_000 })),
    fill: fc.nat(255),
    wait: fc.boolean(),
  }),
  { maxLength: 30 },
);
type Writes = typeof writes extends fc.Arbitrary<infer T> ? T : never;

const END = Buffer.from("\x00the end\x00");

/** Bytes that differ at every place and begin with `fill`: a lost, doubled or swapped chunk changes the hash. */
function bytesOf({ size, fill }: Writes[number]): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (fill + i * 31 + (i >> 8)) & 0xff));
}

function ignore(_socket: Socket): void {}

async function send(socket: Socket, script: Writes): Promise<string> {
  const hash = createHash("sha256");
  for (const write of script) {
    if (write.wait) await new Promise((resolve) => setImmediate(resolve));
    const bytes = bytesOf(write);
    hash.update(bytes);
    socket.write(bytes);
  }
  socket.write(END);
  return hash.update(END).digest("hex");
}

/** The hash of all that comes, when `END` is its last. */
function receive(socket: Socket, skip: number): Promise<string> {
  return new Promise((resolve) => {
    const hash: Hash = createHash("sha256");
    let tail: Buffer = Buffer.alloc(0);
    let skipped = 0;
    socket.on("data", (chunk: Buffer) => {
      const rest = chunk.subarray(Math.min(chunk.length, skip - skipped));
      skipped += chunk.length - rest.length;
      hash.update(rest);
      tail = Buffer.concat([tail, rest]).subarray(-END.length);
      if (tail.equals(END)) resolve(hash.copy().digest("hex"));
    });
  });
}

describe("the bytes of an upgraded connection", () => {
  it("are the same at the other end, both ways, however they are cut", async () => {
    let onUpgrade = ignore;
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) => onUpgrade(socket));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(writes, writes, fc.boolean(), fc.boolean(), async (there, back, early, together) => {
        runs += 1;
        const gatewaySide = new Promise<{ got: Promise<string>; sent: Promise<string> }>((resolve) => {
          onUpgrade = (socket) => {
            if (together) socket.cork();
            const got = receive(socket, 0);
            socket.write(SWITCHING_PROTOCOLS);
            const sent = send(socket, back);
            socket.uncork();
            resolve({ got, sent });
          };
        });
        const client = upgrade("");
        const got = receive(client.socket, SWITCHING_PROTOCOLS.length);
        client.socket.write(upgradeRequest());
        // Frames sent together with the request wait in the shim for the 101; there is room for 64 KiB of them.
        if (!early) await client.until((text) => text.includes("\r\n\r\n"));
        const sent = send(client.socket, early ? there.filter(({ size }) => size <= 2_000) : there);
        const gateway = await gatewaySide;
        expect(await gateway.got).toBe(await sent);
        expect(await got).toBe(await gateway.sent);
        client.socket.destroy();
      }),
      { numRuns: 15 },
    );
    await allClosed();
    expect(shim.outcomes).toHaveLength(runs);
  });
});
