import type { Metric, Result } from "./rows/row.ts";
import type { Samples } from "./rounds.ts";
import { median } from "./statistics.ts";

/** How the first column compares with the best of a row's references. */
export interface Comparison {
  readonly reference: string;
  /** Median of the ratios of values of the same round. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  readonly reached: boolean | undefined;
}

/** The results as a Markdown table, padded so that it also reads well in a terminal. */
export function table(results: readonly Result[]): string {
  const columns = [...new Set(results.flatMap(({ samples }) => Object.keys(samples)))];
  const head = ["", ...columns, "shim : better", "goal"];
  const lines = results.flatMap((result) =>
    result.metrics.map((metric) => {
      const values = columns.map((column) => shown(metric, result.samples[column]));
      return [`${metric.label} (${metric.unit})`, ...values, ...compared(metric, result)];
    }),
  );
  const widths = head.map((title, i) =>
    Math.max(title.length, ...lines.map((cells) => cells[i]?.length ?? 0)),
  );
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(head), rule, ...lines.map(format)].join("\n");
}

/** Medians, samples and ratios of one row, for machines. */
export function summary({ row, metrics, samples, references }: Result): Record<string, unknown> {
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
      comparison: compare(metric, samples, references),
    })),
    samples,
  };
}

/** Compares the shim with the better reference, round by round; undefined where either has no values. */
export function compare(
  { key, better, goal }: Metric,
  samples: Samples,
  references: readonly string[],
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

function compared(metric: Metric, { samples, references }: Result): [string, string] {
  const comparison = compare(metric, samples, references);
  if (!comparison) return ["", ""];
  const { ratio, lowest, highest, reached } = comparison;
  const spread = `${ratio.toFixed(2)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`;
  if (metric.goal === undefined) return [spread, ""];
  const sign = metric.better === "lower" ? "≤" : "≥";
  return [spread, `${sign} ${metric.goal.toFixed(2)} ${reached ? "met" : "missed"}`];
}

function shown({ key, digits }: Metric, rounds: Samples[string] = []): string {
  const values = rounds.flatMap((sample) => sample[key] ?? []);
  return values.length === 0 ? "–" : median(values).toFixed(digits);
}

function valuesOf(samples: Samples, name: string, key: string): number[] {
  return (samples[name] ?? []).flatMap((sample) => sample[key] ?? []);
}
