import { randomFillSync } from "node:crypto";
import { openSync, readSync } from "node:fs";

const BYTES = 16;

let kernel: number | undefined;

/**
 * An id that no other connection has, neither here nor in a clone of this process: a machine's snapshot holds OpenSSL's
 * generator too, and its clones go on with the same numbers (seen in QEMU: randomUUID, with and without
 * disableEntropyCache). The kernel's generator is told of the resumption where the machine has a VMGENID; where it has
 * none, the nanosecond tells the clones apart.
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

/** From the kernel; from OpenSSL where there is no such device, or nothing comes from it. */
function fillRandom(into: Buffer): void {
  try {
    kernel ??= openSync("/dev/urandom", "r");
    if (readSync(kernel, into, 0, BYTES, null) === BYTES) return;
  } catch {
    kernel = undefined;
  }
  randomFillSync(into);
}
