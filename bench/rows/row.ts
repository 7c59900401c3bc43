import type { Bench, Samples } from "../rounds.ts";

/** One line of the table. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  readonly better: "lower" | "higher";
  /** How the shim may compare with the best of the references: at most where lower is better, else at least. */
  readonly goal?: number;
  /** What the shim's own value may be at most, whatever others take. */
  readonly limit?: number;
}

/** What a row brought. */
export interface Result {
  readonly row: string;
  readonly metrics: readonly Metric[];
  readonly samples: Samples;
  /** The columns that the shim is compared with. */
  readonly references: readonly string[];
  /** A drawing, where the row makes one. */
  readonly svg?: string;
}

/** Something that `npm run bench -- NAME` measures. */
export interface Row {
  readonly name: string;
  readonly about: string;
  run(bench: Bench): Promise<Result>;
}

/** The goals are set against the better of these two. */
export const REFERENCES = ["nginx", "HAProxy"] as const;
