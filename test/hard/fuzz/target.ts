import type { Random } from "./random.ts";

/** A function under test, with its inputs. */
export interface Target {
  /** Initial inputs, as latin1. */
  readonly seeds: readonly [string, ...string[]];
  /** Texts that mutations insert, as latin1. */
  readonly words: readonly [string, ...string[]];
  /**
   * Processes one input.
   * @returns the numbers of heads, frames or files in it, and of those that were accepted
   * @throws Error for a broken invariant
   */
  run(input: Buffer, random: Random): RunResult | Promise<RunResult>;
  close(): Promise<void>;
}

/** The result of one input. */
export interface RunResult {
  readonly units: number;
  readonly passed: number;
}

/** Throws an error that fails the run if the invariant does not hold. */
export function invariant(holds: boolean, rule: string, value: unknown = ""): void {
  if (!holds) throw new Error(`broken: ${rule}: ${JSON.stringify(value)}`);
}

/** Returns true for text without control characters (C0, DEL, C1) and bidi overrides. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\u202A-\u202E]/u.test(text);
}
