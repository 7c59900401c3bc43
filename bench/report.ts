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

/** Returns the results as Markdown tables, one per set of columns, padded for terminals. */
export function tables(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const key = Object.keys(result.samples)
      .filter((name) => name !== "direct")
      .join();
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map(table).join("\n\n");
}

function table(results: readonly Result[]): string {
  const columns = [...new Set(results.flatMap(({ samples }) => Object.keys(samples)))];
  const lines = results.flatMap((result) =>
    result.metrics.map((metric) => {
      const values = columns.map((column) => shown(metric, result.samples[column]));
      return [`${metric.label} (${metric.unit})`, ...values, ...compared(metric, result)];
    }),
  );
  const head = ["", ...columns, "shim : better", "goal"];
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

/** Compares the shim with the better reference, per round; undefined if either has no values. */
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

/** Returns the last two cells of a line: the comparison, and the goals. */
function compared(metric: Metric, { samples, references }: Result): [string, string] {
  const { better, goal, limit } = metric;
  const comparison = compare(metric, samples, references);
  const own = median(valuesOf(samples, "shim", metric.key));
  const goals: string[] = [];
  if (comparison && goal !== undefined) {
    goals.push(
      `${better === "lower" ? "≤" : "≥"} ${goal.toFixed(2)} ${comparison.reached ? "met" : "not met"}`,
    );
  }
  if (limit !== undefined) goals.push(`≤ ${limit} ${metric.unit} ${own <= limit ? "met" : "not met"}`);
  if (!comparison) return ["", goals.join(", ")];
  const { ratio, lowest, highest } = comparison;
  return [`${ratio.toFixed(2)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`, goals.join(", ")];
}

function shown({ key, digits }: Metric, rounds: Samples[string] = []): string {
  const values = rounds.flatMap((sample) => sample[key] ?? []);
  return values.length === 0 ? "–" : median(values).toFixed(digits);
}

function valuesOf(samples: Samples, name: string, key: string): number[] {
  return (samples[name] ?? []).flatMap((sample) => sample[key] ?? []);
}
