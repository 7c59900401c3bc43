import type { Random } from "./random.ts";

/** Something that is fed with mutated inputs. */
export interface Target {
  /** Inputs to begin with; latin1. */
  readonly seeds: readonly [string, ...string[]];
  /** What is put into inputs; latin1. */
  readonly words: readonly [string, ...string[]];
  /**
   * Takes one input.
   * @returns how many heads, frames or files were in it, and how many of them were let through
   * @throws where a promise is broken
   */
  take(input: Buffer, random: Random): Taken | Promise<Taken>;
  close(): Promise<void>;
}

/** What became of one input. */
export interface Taken {
  readonly units: number;
  readonly passed: number;
}

/** Fails the run, with what was promised. */
export function promised(holds: boolean, what: string, got: unknown = ""): void {
  if (!holds) throw new Error(`broken: ${what}: ${JSON.stringify(got)}`);
}

/** No control character (C0, DEL, C1), and none that turns the direction of a line. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\u202A-\u202E]/u.test(text);
}
