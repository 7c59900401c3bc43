import { readFileSync, writeFileSync } from "node:fs";
import type { Environment } from "./environment.ts";

const FILE = "bench/README.md";

/**
 * Writes the tables into bench/README.md, each between its two markers, and the plot to bench/growth.svg.
 *
 * @throws if a marker is missing
 */
export function keep(
  [first, details]: readonly [first: string, details: string],
  environment: Environment,
  svg: string | undefined,
): void {
  const { commit, date, machine, node, rounds, versions } = environment;
  const others = [versions["nginx"], versions["HAProxy"]].filter(Boolean).join(", ");
  const about = `Commit ${commit}, ${date}, ${machine}, Node ${node}, ${others}; medians of ${rounds} rounds.`;
  const readme = replaced(readFileSync(FILE, "utf8"), "last run", `${about}\n\n${first}`);
  writeFileSync(FILE, replaced(readme, "details", details));
  if (svg !== undefined) writeFileSync("bench/growth.svg", svg);
}

function replaced(readme: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${FILE} lacks ${begin} or ${end}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}
