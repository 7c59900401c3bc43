import { WriteStream } from "node:tty";
import { styleText } from "node:util";

/** How rows of text are shown. */
export interface Display {
  readonly colors: boolean;
  /** Returns the current width of the terminal; undefined without one, as rows are not wrapped then. */
  readonly columns: () => number | undefined;
}

/** Takes no column of its own: it is drawn over the character before it. */
const COMBINING = /[\p{Mn}\p{Me}]/u;
/** Takes two columns (UAX #11, W and F, by block). U+FE0F makes a wide emoji of the narrow character before it. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6B\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{1F200}-\u{1F2FF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u;

/** Returns how a stream shows text, by Node's own rule for colors: NO_COLOR, NODE_DISABLE_COLORS, FORCE_COLOR and TERM. */
export function displayOf(
  stdout: Pick<NodeJS.WriteStream, "isTTY" | "columns">,
  env: NodeJS.ProcessEnv = process.env,
): Display {
  const isForced = env["FORCE_COLOR"] !== undefined;
  return {
    colors: (stdout.isTTY || isForced) && WriteStream.prototype.getColorDepth(env) > 1,
    // A serial console has 0: it does not know.
    columns: () => (stdout.isTTY && stdout.columns > 0 ? stdout.columns : undefined),
  };
}

/** Returns a function that styles text where colors are shown. */
export function painter({ colors }: Display) {
  return (style: Parameters<typeof styleText>[0], text: string): string =>
    colors ? styleText(style, text, { validateStream: false }) : text;
}

/** Returns the number of columns that printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (character === "\uFE0F") width += 1;
    else if (!COMBINING.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/**
 * Wraps text at spaces into rows of at most `columns`, but never within a word or within a command between backticks.
 *
 * @param used columns of the first row that other text takes; the first row is empty if nothing fits beside it
 */
export function wrapped(text: string, columns = Number.POSITIVE_INFINITY, used = 0): string[] {
  const rows = [""];
  for (const [word] of text.matchAll(/(?:`[^`]*`|[^ ])+ */g)) {
    const row = rows.at(-1) ?? "";
    const before = rows.length === 1 ? used : 0;
    const fits = before + widthOf(row + word.trimEnd()) <= columns;
    if (fits || before + row.length === 0) rows[rows.length - 1] = row + word;
    else rows.push(word);
  }
  return rows.map((row) => row.trimEnd());
}

/** Indents a row if it fits then. A longer one, such as a command, stays unbroken, and is easier to copy without. */
export function indented(row: string, indent: string, { columns }: Display): string {
  return widthOf(indent + row) <= (columns() ?? Number.POSITIVE_INFINITY) ? indent + row : row;
}
