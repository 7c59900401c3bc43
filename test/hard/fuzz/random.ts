/** Random numbers that a seed repeats. */
export interface Random {
  /** An integer from 0 up to, not including, `below`. */
  below(below: number): number;
  /** One of several. */
  one<T>(of: readonly [T, ...T[]]): T;
}

/** Marsaglia's xorshift32. */
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
