/** Reproducible random numbers. */
export interface Random {
  /** Returns an integer of at least 0 and less than `limit`. */
  below(limit: number): number;
  /** Returns one of the values. */
  one<T>(of: readonly [T, ...T[]]): T;
}

/** Creates a generator (Marsaglia's xorshift32). */
export function seeded(seed: number): Random {
  let state = seed | 0 || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return { below, one: ([first, ...rest]) => rest[below(rest.length + 1) - 1] ?? first };
}
