import { createHash, type Hash } from "node:crypto";
import type { Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";

/** Sizes of writes; `wait` delays a write to the next iteration of the event loop. */
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

/** Returns bytes that begin with `fill` and vary, so that a lost, repeated or swapped chunk changes the hash. */
function bytesOf({ size, fill }: Writes[number]): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (fill + i * 31 + (i >> 8)) & 0xff));
}

function ignore(_socket: Socket): void {}

/** Sends the writes and `END`. Returns the hash of all bytes. */
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

/** Resolves with the hash of all received bytes when they end with `END`. */
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
  it("arrive unchanged in both directions, whatever the chunk sizes", async () => {
    let onUpgrade = ignore;
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket) => onUpgrade(socket));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        writes,
        writes,
        fc.boolean(),
        fc.boolean(),
        async (toGateway, toClient, early, together) => {
          runs += 1;
          const gatewaySide = new Promise<{ received: Promise<string>; sent: Promise<string> }>((resolve) => {
            onUpgrade = (socket) => {
              if (together) socket.cork();
              const received = receive(socket, 0);
              socket.write(SWITCHING_PROTOCOLS);
              const sent = send(socket, toClient);
              socket.uncork();
              resolve({ received, sent });
            };
          });
          const client = upgrade("");
          const received = receive(client.socket, SWITCHING_PROTOCOLS.length);
          client.socket.write(upgradeRequest());
          // The shim buffers up to 64 KiB of frames that arrive before the 101.
          if (!early) await client.until((text) => text.includes("\r\n\r\n"));
          const sent = send(client.socket, early ? toGateway.filter(({ size }) => size <= 2_000) : toGateway);
          const gateway = await gatewaySide;
          expect(await gateway.received).toBe(await sent);
          expect(await received).toBe(await gateway.sent);
          client.socket.destroy();
        },
      ),
      { numRuns: 15 },
    );
    await allClosed();
    expect(shim.outcomes).toHaveLength(runs);
  });
});
