import { readFileSync, writeFileSync } from "node:fs";
import type { Environment } from "./environment.ts";

const BEGIN = "<!-- last run: begin -->";
const END = "<!-- last run: end -->";

/**
 * Writes the table into bench/README.md, between its two markers, and the plot to bench/growth.svg.
 *
 * @throws if a marker is missing
 */
export function keep(table: string, environment: Environment, svg: string | undefined): void {
  const file = "bench/README.md";
  const readme = readFileSync(file, "utf8");
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${file} lacks ${BEGIN} or ${END}`);
  const { commit, date, machine, node, rounds, versions } = environment;
  const others = [versions["nginx"], versions["HAProxy"]].filter(Boolean).join(", ");
  const about = `Commit ${commit}, ${date}, ${machine}, Node ${node}, ${others}; medians of ${rounds} rounds.`;
  writeFileSync(file, `${before}${BEGIN}\n\n${about}\n\n${table}\n\n${END}${after}`);
  if (svg !== undefined) writeFileSync("bench/growth.svg", svg);
}
