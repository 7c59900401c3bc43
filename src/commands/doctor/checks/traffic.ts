import { additionsOf, vendorsOf } from "../additions.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { list } from "./words.ts";

const say = findingsOf("traffic");

/** What the shim that runs took away from the connections of others: what the infrastructure around it adds. */
export const traffic: Check<Facts> = ({ shim }) => {
  if (shim.state !== "running" || shim.outcomes.length === 0) return [];
  const { outcomes } = shim;
  const marked = outcomes.filter(({ stripped }) => Object.keys(stripped).length > 0);
  const hosts = [...new Set(outcomes.flatMap((outcome) => additionsOf(outcome).host ?? []))];
  const of = `of the last ${outcomes.length} connection(s)`;
  if (marked.length === 0 && hosts.length === 0) return say.ok(`nothing was added on the way ${of}`);
  const names = [...new Set(marked.flatMap(({ stripped }) => Object.keys(stripped)))].sort();
  const peers = [...new Set(marked.map(({ peer }) => peer))];
  const values = marked.flatMap(({ stripped }) =>
    stripped["via"] === undefined ? [] : [`via ${stripped["via"]}`],
  );
  const who = [...vendorsOf(names), ...new Set(values)];
  const parts = [
    ...(marked.length === 0
      ? []
      : [`${marked.length} ${of} came with ${list(names, 12)} (from ${list([...peers, ...who])})`]),
    ...(hosts.length === 0 ? [] : [`Host was rewritten to ${list(hosts, 4)}`]),
  ];
  return say.note(`${parts.join("; ")}: the shim took it away`);
};
