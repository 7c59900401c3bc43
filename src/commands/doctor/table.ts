import { printable } from "../../text/printable.ts";
import type { Finding, FindingStatus } from "./finding.ts";

const WORDS: Readonly<Record<FindingStatus, string>> = { ok: "ok", note: "note", fix: "FIX", unknown: "?" };
const WIDTH = 110;
const LIMIT = 600;

/**
 * Renders findings as a table for people: check, finding, and under it the fix. Lines are at most 110 columns wide, but
 * for a fix: a command in it would break when it is copied.
 */
export function renderTable(findings: readonly Finding[]): string {
  const first = Math.max(...findings.map(({ check }) => check.length), 0) + 2;
  const indent = " ".repeat(first + 6);
  let before = "";
  return findings
    .map(({ check, status, finding, fix }) => {
      const name = check === before ? "" : check;
      before = check;
      const head = `${name.padEnd(first)}${WORDS[status].padEnd(6)}`;
      const rows = [
        ...wrapped(finding, indent.length),
        ...(fix === undefined ? [] : [printable(`-> ${fix}`, LIMIT)]),
      ];
      return rows.map((row, at) => `${at === 0 ? head : indent}${row}\n`).join("");
    })
    .join("");
}

/** A text in rows that fit beside the indent; a word that is longer, such as a URL to copy, stays whole. */
function wrapped(text: string, indent: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of printable(text, LIMIT).split(" ")) {
    if (row !== "" && indent + row.length + 1 + word.length > WIDTH) {
      rows.push(row);
      row = "";
    }
    row = row === "" ? word : `${row} ${word}`;
  }
  return [...rows, row];
}
