const NOTHING: Buffer = Buffer.alloc(0);

/** A number of bytes that several stores share. */
export class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes bytes out of the budget, or returns false if it has not so many. Negative: gives them back. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/**
 * Bytes that arrive in pieces, in one buffer that grows. A list of the pieces could take 150 times their bytes, and each
 * piece would retain the whole buffer that it is a slice of: 64 KiB of a socket, 8 KiB of Node's pool.
 */
export class ByteStore {
  readonly #budget: ByteBudget | undefined;
  #memory = NOTHING;
  #length = 0;

  constructor(budget?: ByteBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  /** What is stored; not a copy. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /**
   * Copies bytes to the end, or returns false if the budget has no room.
   *
   * @param most bytes that there will be in the end, at most: no more memory is taken
   */
  append(bytes: Buffer, most = Infinity): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const size = Math.max(length, Math.min(2 * this.#memory.length, most));
      if (this.#budget?.take(size - this.#memory.length) === false) return false;
      const larger = Buffer.allocUnsafeSlow(size);
      this.#memory.copy(larger, 0, 0, this.#length);
      this.#memory = larger;
    }
    bytes.copy(this.#memory, this.#length);
    this.#length = length;
    return true;
  }

  /** Releases what is stored, and its memory. */
  clear(): void {
    this.#budget?.take(-this.#memory.length);
    this.#memory = NOTHING;
    this.#length = 0;
  }
}
