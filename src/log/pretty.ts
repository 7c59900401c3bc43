import { styleText } from "node:util";
import { isRecord } from "../text/json.ts";
import { factsOf, type LogLine } from "./line-facts.ts";
import { nextSteps } from "./next-steps.ts";
import { printable } from "../text/printable.ts";

/** What is known of the terminal. */
export interface Terminal {
  readonly colors: boolean;
  /** How many characters fit on a row, now; undefined off a terminal. */
  readonly columns: () => number | undefined;
  /** How the user calls this program, for commands to copy. */
  readonly program: string;
}

/** Below what happened, beyond the time. */
const INDENT = " ".repeat(10);
/** The longest outcome is `not-gateway-protocol`. */
const WORD_WIDTH = 20;
/** On a narrower row nothing is broken into lines: the terminal does it as well. */
const LEAST_COLUMNS = 40;
const TEXT_LIMIT = 1_000;
/** What is meant to be copied gets a row of its own, unbroken. */
const BEFORE_COMMAND = /: (?=openclaw(?:-shim)? )/;

type Style = Parameters<typeof styleText>[0];

/** Makes lines for people out of pino's JSON: when, what happened, what is known about it; below it what to do. */
export function prettyLines(terminal: Terminal): (json: string) => string {
  const paint = (style: Style, text: string): string =>
    terminal.colors ? styleText(style, text, { validateStream: false }) : text;

  function first(line: LogLine, facts: readonly string[]): string {
    const word = wordOf(line);
    // Padded outside the colors: a background or an underline would show.
    const space = " ".repeat(Math.max(WORD_WIDTH - word.length, 0));
    const known = facts.length === 0 ? "" : `${space}  ${facts.map((fact) => printable(fact)).join("  ")}`;
    return `${paint("dim", clock(line["time"]))}  ${paint(styleOf(line), word)}${known}`;
  }

  function named(name: string, text: string): string {
    return `${INDENT}${paint("bold", name)}: ${text}`;
  }

  function fixRows(fix: string): string[] {
    const [advice = "", ...commands] = printable(fix, TEXT_LIMIT).split(BEFORE_COMMAND);
    const end = commands.length > 0 ? ":" : "";
    const [begin = "", ...more] = broken(`fix: ${advice}${end}`, terminal.columns());
    return [
      named("fix", begin.slice("fix: ".length)),
      ...more.map((row) => `${INDENT}  ${row}`),
      ...commands.map((command) => `${INDENT}  ${paint("bold", command)}`),
    ];
  }

  return (json) => {
    const line = parsed(json);
    if (!line) return json;
    const rows = [first(line, factsOf(line))];
    if (line["event"] === "listening") {
      rows.push(...nextSteps(line, terminal.program).map(([name, text]) => named(name, printable(text))));
    }
    if (typeof line["fix"] === "string") rows.push(...fixRows(line["fix"]));
    if (typeof line["command"] === "string") {
      rows.push(`${INDENT}  ${paint("bold", printable(line["command"]))}`);
    }
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

/** The time of day here. */
function clock(time: unknown): string {
  return new Date(Number(time)).toTimeString().slice(0, 8);
}

/** Rows that fit, broken at spaces. */
function broken(text: string, columns: number | undefined): string[] {
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
