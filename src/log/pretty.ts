import { isLoopbackAddress } from "../net/ip-address.ts";
import { fieldsOf, isRecord, parseJson } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { indented, painter, widthOf, wrapped, type Display } from "../text/terminal.ts";

/** A line of the log, as pino wrote it. */
type LogLine = Readonly<Record<string, unknown>>;

/** Returns what to do next after a `listening` line: names and texts. */
export type NextSteps = (line: LogLine) => readonly (readonly [name: string, text: string])[];

/** Settings of the pretty format. */
export interface PrettyOptions extends Display {
  readonly nextSteps: NextSteps;
}

/** Indentation of the rows below the first, in line with its outcome. */
const INDENT = " ".repeat(10);
/** The longest outcome is `not-gateway-protocol`. */
const WORD_WIDTH = 20;
const TEXT_LIMIT = 1_000;
/** As on the page: enough to distinguish devices. */
const DEVICE_CHARACTERS = 12;

/** Shown elsewhere in the line, or only in the JSON. */
const OMITTED = new Set("level time msg event state outcome fix command conn traceId http stack".split(" "));
/** Of an outcome the reason and the client. Scopes, addresses and the gateway's words are in the JSON. */
const OF_OUTCOME = ["reason", "client", "role", "deviceId", "peer", "path"];
const WITHOUT_NAME = new Set(["client", "gateway", "path", "reason", "role"]);
/** Values that are usual, and therefore omitted. */
const USUAL: Readonly<Record<string, (value: string) => boolean>> = {
  path: (path) => path === "/",
  peer: isLoopbackAddress,
  role: (role) => role === "operator",
};

/** Creates a function that formats pino's JSON for people: time, what happened, what is known, and below it what to do. */
export function prettyLines({ nextSteps, ...display }: PrettyOptions): (json: string) => string {
  const paint = painter(display);
  const columnsAfter = (indent: number): number | undefined => {
    const columns = display.columns();
    return columns && Math.max(columns - indent, 1);
  };

  function firstRows(line: LogLine): string[] {
    const { level, time, msg, outcome } = line;
    const problem = level === "warn" ? "yellow" : "red";
    const style = level !== "info" ? problem : outcome === "connected" ? "green" : "bold";
    const columns = columnsAfter(INDENT.length);
    const words = wrapped(printable(typeof outcome === "string" ? outcome : String(msg)), columns);
    const last = words.pop() ?? "";
    // Padded outside the style: an underline would show.
    const isNarrow = columns !== undefined && columns < 2 * WORD_WIDTH;
    const space = " ".repeat(isNarrow ? 2 : Math.max(WORD_WIDTH - widthOf(last), 0) + 2);
    const facts = factsOf(line).map((text) => printable(text));
    const [begin, ...more] = wrapped(facts.join("  "), columns, widthOf(last + space));
    const clock = new Date(String(time)).toTimeString().slice(0, 8);
    return [
      ...words.map((row) => paint(style, row)),
      paint(style, last) + (begin ? space + begin : ""),
      ...more,
    ].map((row, at) => (at === 0 ? `${paint("dim", clock)}  ${row}` : INDENT + row));
  }

  /** A name and a text, which is not broken: below the name if it does not fit beside it. */
  function stepRows([name, text]: readonly [name: string, text: string]): string[] {
    const [label, shown] = [`${INDENT}${paint("bold", name)}:`, printable(text, TEXT_LIMIT)];
    const isBeside = wrapped(shown, columnsAfter(INDENT.length), name.length + 2).length === 1;
    return isBeside ? [`${label} ${shown}`] : [label, indented(shown, `${INDENT}  `, display)];
  }

  function adviceRows({ fix, command }: LogLine): string[] {
    if (typeof fix !== "string") return [];
    const text = printable(fix, TEXT_LIMIT) + (command === undefined ? "" : ":");
    const [begin = "", ...more] = wrapped(text, columnsAfter(INDENT.length + 2), "fix".length);
    return [
      `${INDENT}${paint("bold", "fix")}: ${begin}`,
      ...more.map((row) => indented(row, `${INDENT}  `, display)),
      ...(typeof command === "string"
        ? [paint("bold", indented(printable(command, TEXT_LIMIT), `${INDENT}  `, display))]
        : []),
    ];
  }

  return (json) => {
    const line = parseJson(json);
    if (!isRecord(line)) return json;
    const steps = line["event"] === "listening" ? nextSteps(line) : [];
    const rows = [...firstRows(line), ...steps.flatMap(stepRows), ...adviceRows(line), ...stackRows(line)];
    return `${rows.join("\n")}\n`;
  };
}

/** Of a crash; its first row repeats the reason. */
function stackRows({ stack }: LogLine): string[] {
  const frames = typeof stack === "string" ? stack.split("\n").slice(1) : [];
  return frames.map((frame) => INDENT + printable(frame.trim(), TEXT_LIMIT));
}

/** Returns what is shown after the event, in this order. */
function factsOf(line: LogLine): string[] {
  const { normalized, publicForwarded, ms, ...others } = line;
  const { event, addresses, gateway, metrics, open } = line;
  if (event === "listening") {
    const where = Array.isArray(addresses) ? addresses.map((address) => `ws://${textOf(address)}`) : [];
    const at = metrics === undefined ? [] : [`metrics at http://${textOf(metrics)}/metrics`];
    return [`on ${where.join(" and ")} for the gateway at ${textOf(gateway)}`, ...at];
  }
  if (event === "draining") {
    if (open === 0) return ["no connection is open"];
    return [`${textOf(open)} open, which have ${Number(ms) / 1000} s to end`];
  }
  const names = event === "pairing.outcome" ? OF_OUTCOME : Object.keys(others);
  return [
    ...names
      .filter((name) => !OMITTED.has(name) && line[name] !== undefined && !USUAL[name]?.(textOf(line[name])))
      .map((name) => fact(name, line[name])),
    ...removed(normalized),
    ...(publicForwarded === true ? ["public address"] : []),
    ...(typeof ms === "number" ? [`${Math.round(ms)} ms`] : []),
  ];
}

/** Summarizes the stripped headers: `x-forwarded-for and 6 more removed`. */
function removed(normalized: unknown): string[] {
  const [name, ...more] = Object.keys(fieldsOf(fieldsOf(normalized)["stripped"]));
  if (name === undefined) return [];
  return [more.length === 0 ? `${name} removed` : `${name} and ${more.length} more removed`];
}

function fact(name: string, value: unknown): string {
  const text = textOf(value);
  if (name === "deviceId") return `device ${text.slice(0, DEVICE_CHARACTERS)}`;
  if (name === "peer") return `from ${text}`;
  return WITHOUT_NAME.has(name) ? text : `${name} ${text}`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (!isRecord(value)) return String(value);
  const { id, version, platform } = value;
  return id === undefined
    ? JSON.stringify(value)
    : [id, version, platform].filter(Boolean).map(textOf).join(" ");
}
