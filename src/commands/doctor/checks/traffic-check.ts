import { note, ok, type Check } from "../finding.ts";
import { list } from "../findings-format.ts";
import { foreignHost, productOf } from "../tool-paths.ts";

/** Shows what the running shim removed from the connections of others: what the infrastructure around it adds. */
export const trafficCheck: Check = {
  name: "traffic",
  async run({ shim }) {
    const outcomes = (await shim()).running?.outcomes ?? [];
    if (outcomes.length === 0) return [];
    const marked = outcomes.filter(({ stripped }) => Object.keys(stripped).length > 0);
    const hosts = [...new Set(outcomes.flatMap(({ hostFrom }) => foreignHost(hostFrom) ?? []))];
    const of = `of the last ${outcomes.length} connection(s)`;
    if (marked.length === 0 && hosts.length === 0) return ok(`nothing was added to any ${of}`);
    const names = [...new Set(marked.flatMap(({ stripped }) => Object.keys(stripped)))].sort();
    const products = names.flatMap((name) => productOf(name) ?? []);
    const vias = marked.flatMap(({ stripped: { via } }) => (via === undefined ? [] : `via ${via}`));
    const from = [...new Set([...marked.map(({ peer }) => peer), ...products, ...vias])];
    const parts = [
      ...(marked.length === 0
        ? []
        : [`${marked.length} ${of} came with ${list(names, 12)} (from ${list(from)})`]),
      ...(hosts.length === 0 ? [] : [`Host was rewritten to ${list(hosts, 4)}`]),
    ];
    return note(`${parts.join("; ")}: the shim removed it`);
  },
};
