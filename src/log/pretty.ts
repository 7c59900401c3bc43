import { styleText } from "node:util";
import { isRecord } from "../text/json.ts";
import { factsOf, type LogLine } from "./line-facts.ts";
import { printable } from "../text/printable.ts";

/** Returns what to do next after a `listening` line: names and texts. */
export type NextSteps = (line: LogLine) => readonly (readonly [name: string, text: string])[];

/** Settings of the pretty format. */
export interface PrettyOptions {
  readonly colors: boolean;
  /** Returns the current width of the terminal; undefined without one. */
  readonly columns: () => number | undefined;
  readonly nextSteps: NextSteps;
}

/** Indentation of the rows below the first, in line with its outcome. */
const INDENT = " ".repeat(10);
/** The longest outcome is `not-gateway-protocol`. */
const WORD_WIDTH = 20;
/** On a narrower terminal rows are not wrapped here. */
const LEAST_COLUMNS = 40;
const TEXT_LIMIT = 1_000;

type Style = Parameters<typeof styleText>[0];

/** Creates a function that formats pino's JSON for people: time, what happened, what is known, and below it what to do. */
export function prettyLines(options: PrettyOptions): (json: string) => string {
  const paint = (style: Style, text: string): string =>
    options.colors ? styleText(style, text, { validateStream: false }) : text;

  function first(line: LogLine, facts: readonly string[]): string {
    const word = wordOf(line);
    // Padded outside the style: an underline would show.
    const space = " ".repeat(Math.max(WORD_WIDTH - word.length, 0));
    const known = facts.length === 0 ? "" : `${space}  ${facts.map((fact) => printable(fact)).join("  ")}`;
    return `${paint("dim", clock(line["time"]))}  ${paint(styleOf(line), word)}${known}`;
  }

  function named(name: string, text: string): string {
    return `${INDENT}${paint("bold", name)}: ${text}`;
  }

  function adviceRows({ fix, command }: LogLine): string[] {
    if (typeof fix !== "string") return [];
    const end = command === undefined ? "" : ":";
    const [begin = "", ...more] = wrapped(`fix: ${printable(fix, TEXT_LIMIT)}${end}`, options.columns());
    return [
      named("fix", begin.slice("fix: ".length)),
      ...more.map((row) => `${INDENT}  ${row}`),
      // On a row of its own, unbroken, to be copied.
      ...(typeof command === "string" ? [`${INDENT}  ${paint("bold", printable(command, TEXT_LIMIT))}`] : []),
    ];
  }

  return (json) => {
    const line = parsed(json);
    if (!line) return json;
    const rows = [first(line, factsOf(line))];
    if (line["event"] === "listening") {
      rows.push(...options.nextSteps(line).map(([name, text]) => named(name, printable(text))));
    }
    rows.push(...adviceRows(line));
    return `${rows.join("\n")}\n`;
  };
}

function parsed(json: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function wordOf({ outcome, msg }: LogLine): string {
  return printable(typeof outcome === "string" ? outcome : String(msg));
}

function styleOf({ level, outcome }: LogLine): Style {
  if (level === "info") return outcome === "connected" ? "green" : "bold";
  return level === "warn" ? "yellow" : "red";
}

/** Formats the local time of day. */
function clock(time: unknown): string {
  return new Date(String(time)).toTimeString().slice(0, 8);
}

/** Wraps text at spaces into rows that fit. */
function wrapped(text: string, columns: number | undefined): string[] {
  const width = (columns ?? 0) - INDENT.length - 2;
  if (width < LEAST_COLUMNS) return [text];
  const rows: string[] = [];
  for (const word of text.split(" ")) {
    const row = rows.at(-1);
    if (row === undefined || row.length + 1 + word.length > width) rows.push(word);
    else rows[rows.length - 1] = `${row} ${word}`;
  }
  return rows;
}
