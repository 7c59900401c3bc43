import { BARE } from "./proxies/node-programs.ts";
import type { Metric, Result } from "./rows/row.ts";
import type { Samples } from "./rounds.ts";
import { median } from "./statistics.ts";

/** The shim compared with the best reference of a row. */
export interface Comparison {
  readonly reference: string;
  /** Median of the ratios of values of the same round. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  readonly reached: boolean | undefined;
}

/** The order of the columns; further ones, of `--beside`, come after them. */
const COLUMNS = ["direct", "shim", BARE, "http-proxy", "nginx", "HAProxy"];
/** What a metric is compared with, unless it names others. */
const REFERENCES = ["nginx", "HAProxy"] as const;

/** Returns the results as two Markdown tables, padded for terminals: the first is one screen long. */
export function tables(results: readonly Result[]): readonly [first: string, details: string] {
  return [table(results, false), table(results, true)];
}

function table(results: readonly Result[], details: boolean): string {
  const columns = [...new Set([...COLUMNS, ...results.flatMap(({ samples }) => Object.keys(samples))])];
  const lines = results.flatMap((result) =>
    result.metrics
      .filter(({ detail = false }) => detail === details)
      .map((metric) => {
        const values = columns.map((column) => shown(metric, result.samples[column]));
        return [`${metric.label} (${metric.unit})`, ...values].concat(compared(metric, result));
      }),
  );
  if (lines.length === 0) return "";
  const head = ["", ...columns, "shim : reference", "goal"];
  const widths = head.map((title, i) =>
    Math.max(title.length, ...lines.map((cells) => cells[i]?.length ?? 0)),
  );
  const row = (cells: readonly string[]): string => `| ${cells.map(padded).join(" | ")} |`;
  const padded = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`));
  return [row(head), `|${rule.join("|")}|`, ...lines.map(row)].join("\n");
}

/** Returns medians, samples and ratios of one row, for JSON. */
export function summary({ row, metrics, samples }: Result): Record<string, unknown> {
  return {
    row,
    metrics: metrics.map((metric) => ({
      ...metric,
      medians: Object.fromEntries(
        Object.entries(samples).map(([name, rounds]) => [
          name,
          median(rounds.flatMap((sample) => sample[metric.key] ?? [])),
        ]),
      ),
      comparison: compare(metric, samples),
    })),
    samples,
  };
}

/** Compares the shim with the best reference, per round; undefined if either has no values. */
export function compare(
  { key, better, goal, references = REFERENCES }: Metric,
  samples: Samples,
): Comparison | undefined {
  const known = references
    .map((name) => ({ name, values: valuesOf(samples, name, key) }))
    .filter(({ values }) => values.length > 0)
    .sort((a, b) => (median(a.values) - median(b.values)) * (better === "lower" ? 1 : -1));
  const [best] = known;
  const own = valuesOf(samples, "shim", key);
  if (!best || own.length === 0) return undefined;
  const ratios = own.map((value, round) => value / (best.values[round] ?? NaN));
  const ratio = median(ratios);
  const reached = goal === undefined ? undefined : better === "lower" ? ratio <= goal : ratio >= goal;
  return {
    reference: best.name,
    ratio,
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    reached,
  };
}

/** Returns the last two cells of a line: the comparison, and the goals. */
function compared(metric: Metric, { samples }: Result): [string, string] {
  const { better, goal, limit } = metric;
  const comparison = compare(metric, samples);
  const own = median(valuesOf(samples, "shim", metric.key));
  const goals: string[] = [];
  if (comparison && goal !== undefined) {
    goals.push(
      `${better === "lower" ? "≤" : "≥"} ${goal.toFixed(2)} ${comparison.reached ? "met" : "not met"}`,
    );
  }
  if (limit !== undefined) goals.push(`≤ ${limit} ${metric.unit} ${own <= limit ? "met" : "not met"}`);
  if (!comparison) return ["", goals.join(", ")];
  const { ratio, lowest, highest, reference } = comparison;
  return [
    `${ratio.toFixed(2)} × ${reference} (${lowest.toFixed(2)}–${highest.toFixed(2)})`,
    goals.join(", "),
  ];
}

function shown({ key, digits }: Metric, rounds: Samples[string] = []): string {
  const values = rounds.flatMap((sample) => sample[key] ?? []);
  return values.length === 0 ? "–" : median(values).toFixed(digits);
}

function valuesOf(samples: Samples, name: string, key: string): number[] {
  return (samples[name] ?? []).flatMap((sample) => sample[key] ?? []);
}
