import { indented, painter, wrapped, type Display } from "../../text/terminal.ts";
import type { Finding } from "./finding.ts";

const WORDS = { ok: "ok", note: "note", fix: "FIX", unknown: "?" };
const STYLES = { ok: "green", note: "dim", fix: "red", unknown: "yellow" } as const;
/** Of a status, with the space after it. */
const WORD_WIDTH = 6;
/** On a narrower terminal a finding is below its check, not beside it. */
const TABLE_COLUMNS = 64;

/**
 * Renders findings as a table: check, status, finding, and below it the fix and the command. Checks that found nothing
 * but what is fine are one entry, the last.
 *
 * @param isWhole shows what is fine as the rest
 */
export function renderTable(findings: readonly Finding[], isWhole: boolean, display: Display): string {
  const paint = painter(display);
  const columns = display.columns();
  const other = new Set(findings.filter(({ status }) => status !== "ok").map(({ check }) => check));
  const isShown = ({ check }: Finding): boolean => isWhole || other.has(check);
  const fine = [...new Set(findings.filter((finding) => !isShown(finding)).map(({ check }) => check))];
  const shown = findings.filter(isShown);
  if (fine.length > 0) {
    const finding = `${fine.join(", ")} (--all shows more)`;
    shown.push({ check: "fine", status: "ok", finding });
  }
  const column = Math.max(...shown.map(({ check }) => check.length), 0) + 2;
  const isNarrow = columns !== undefined && columns < TABLE_COLUMNS;
  const indent = " ".repeat(isNarrow ? 2 : column + WORD_WIDTH);
  const width = columns && Math.max(columns - indent.length, 1);
  return shown
    .flatMap(({ check, status, finding, fix, command }, at) => {
      const name = check === shown[at - 1]?.check && !isNarrow ? "" : check;
      const word = paint(STYLES[status], WORDS[status]) + " ".repeat(WORD_WIDTH - WORDS[status].length);
      const [begin = "", ...more] = wrapped(finding, width);
      const start = isNarrow ? `${word}${name}\n${indent}` : `${name.padEnd(column)}${word}`;
      const rows = [start + begin, ...more.map((row) => indented(row, indent, display))];
      if (fix !== undefined) rows.push(...hanging(`${indent}-> `, fix, display));
      if (command !== undefined) rows.push(paint("bold", indented(command, `${indent}   `, display)));
      return rows.map((row) => `${row}\n`);
    })
    .join("");
}

/** Renders what to do, as a numbered list. */
export function renderSteps(findings: readonly Finding[], display: Display): string {
  const paint = painter(display);
  return findings
    .filter(({ status }) => status === "fix")
    .flatMap(({ check, fix = "", command }, index) => {
      const number = `${index + 1}. `;
      const rows = hanging(number, `${check}: ${fix}${command === undefined ? "" : ":"}`, display);
      if (command !== undefined)
        rows.push(paint("bold", indented(command, " ".repeat(number.length), display)));
      return rows.map((row) => `${row}\n`);
    })
    .join("");
}

/** Wraps text after `start`, and below it indents it as far. */
function hanging(start: string, text: string, display: Display): string[] {
  const columns = display.columns();
  const [begin = "", ...more] = wrapped(text, columns && Math.max(columns - start.length, 1));
  return [start + begin, ...more.map((row) => indented(row, " ".repeat(start.length), display))];
}
