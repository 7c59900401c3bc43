import type { Bench, Samples } from "../rounds.ts";

/** One line of the table. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  readonly better: "lower" | "higher";
  /** Columns to compare the shim with, the best of them. Default: nginx and HAProxy. */
  readonly references?: readonly string[];
  /** Ratio of the shim to the best reference to reach: a maximum if lower is better, else a minimum. */
  readonly goal?: number;
  /** Maximum of the shim's value, independent of others. */
  readonly limit?: number;
  /** True if the line is not in the first table, which is one screen long. */
  readonly detail?: true;
}

/** The results of a row. */
export interface Result {
  readonly row: string;
  readonly metrics: readonly Metric[];
  readonly samples: Samples;
  /** A plot, if the row draws one. */
  readonly svg?: string;
}

/** A measurement: `npm run bench -- NAME`. */
export interface Row {
  readonly name: string;
  readonly about: string;
  run(bench: Bench): Promise<Result>;
}
