import { createHash, randomBytes } from "node:crypto";
import { openSync, readSync } from "node:fs";

const RANDOM_BYTES = 16;
const CLOCK_BYTES = 8;

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
  const seed = Buffer.alloc(2 * RANDOM_BYTES + CLOCK_BYTES);
  randomBytes(RANDOM_BYTES).copy(seed);
  readKernel(seed, RANDOM_BYTES);
  seed.writeBigUInt64BE(process.hrtime.bigint(), 2 * RANDOM_BYTES);
  const hex = createHash("sha256").update(seed).digest("hex");
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(16), 16) % 4);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Nothing where there is no such device: OpenSSL and the clock have to do. */
function readKernel(into: Buffer, at: number): void {
  try {
    kernel ??= openSync("/dev/urandom", "r");
    readSync(kernel, into, at, RANDOM_BYTES, null);
  } catch {
    kernel = undefined;
  }
}
