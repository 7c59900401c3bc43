import { openSync, readSync } from "node:fs";

const BYTES = 16;

let kernel: number | undefined;

/**
 * Returns an ID that no other connection has, here or in a clone of this process. The clones of a machine's snapshot
 * share OpenSSL's generator and repeat its numbers (seen in QEMU: randomUUID, with and without disableEntropyCache). The
 * kernel reseeds its generator if the machine has a VMGENID; if not, the nanosecond differs.
 *
 * @returns a UUID of version 8 (RFC 9562 section 5.8)
 */
export function freshId(): string {
  const id = Buffer.allocUnsafe(BYTES);
  fillRandom(id);
  const [seconds, nanoseconds] = process.hrtime();
  id.writeUInt32BE((id.readUInt32BE(0) ^ seconds) >>> 0, 0);
  id.writeUInt32BE((id.readUInt32BE(12) ^ nanoseconds) >>> 0, 12);
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x80, 6);
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = id.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Reads random bytes from the kernel, or from OpenSSL if there is no such device. */
function fillRandom(into: Buffer<ArrayBuffer>): void {
  try {
    kernel ??= openSync("/dev/urandom", "r");
    if (readSync(kernel, into, 0, BYTES, null) === BYTES) return;
  } catch {
    kernel = undefined;
  }
  // The global loads node:crypto now, an import at every start.
  crypto.getRandomValues(into);
}
