import type { Random } from "./random.ts";

/** Maximum length of an input: the listener accepts header sections up to 16 KiB. */
const LENGTH_LIMIT = 20_000;

/** Makes one or a few changes: replaces, removes or repeats bytes, inserts words or parts of another input. */
export function mutate(
  input: Buffer,
  other: Buffer,
  words: readonly [string, ...string[]],
  random: Random,
): Buffer {
  let bytes = input;
  for (let changes = random.one([1, 1, 2, 5]); changes > 0; changes -= 1) {
    bytes = change(bytes, other, words, random).subarray(0, LENGTH_LIMIT);
  }
  return bytes;
}

function change(bytes: Buffer, other: Buffer, words: readonly [string, ...string[]], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(1 + random.one([2, 8, 64, 1_000])));
  const part = bytes.subarray(at, end);
  const insert = (middle: Buffer, from = at): Buffer =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(from)]);
  switch (random.below(7)) {
    case 0:
      return insert(Buffer.from([random.below(256)]), at + 1);
    case 1:
      return insert(Buffer.alloc(0), end);
    case 2:
      return insert(Buffer.from(random.one(words), "latin1"));
    case 3:
      return insert(Buffer.from(random.one(words), "latin1"), end);
    case 4:
      return insert(part);
    case 5:
      return insert(Buffer.concat(Array.from({ length: 1 + random.below(40) }, () => part)));
    default: {
      const from = random.below(other.length + 1);
      return insert(other.subarray(from, from + random.below(200)), end);
    }
  }
}
