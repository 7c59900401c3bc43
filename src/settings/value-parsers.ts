import { printable } from "../text/printable.ts";

/** What is wrong with a text, as the end of the sentence `"text" …`, and what to write instead. */
export interface Invalid {
  readonly problem: string;
  readonly fix?: string;
}

/** A value parsed from a text, or what is wrong with the text. */
export type Parsed<T> = { readonly value: T } | Invalid;

/** A parser of one text that a user gave for a setting. */
export type Parser<T> = (text: string) => Parsed<T>;

const UNITS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Returns a parser of durations from 0 to `max` (itself a duration, such as `10m`); values are whole milliseconds. */
export function duration(max: string): Parser<number> {
  const limit = milliseconds(max) ?? 0;
  const form = `write a number and a unit, such as 500ms, 10s or 2m, at most ${max}`;
  return (text) => {
    const value = milliseconds(text);
    if (value === undefined) return { problem: "is not a duration", fix: form };
    return value <= limit ? { value } : { problem: "is too long", fix: `write at most ${max}` };
  };
}

function milliseconds(text: string): number | undefined {
  if (text === "0") return 0;
  const [, number, unit] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = UNITS.get(unit ?? "");
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** Returns a parser of whole numbers from `min` to `max`, in decimal digits without a sign. */
export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max
      ? { value }
      : { problem: `is not a whole number from ${min} to ${max}` };
  };
}

/** Returns a parser that accepts one of `words`. */
export function choice<const T extends readonly string[]>(...words: T): Parser<T[number]> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { problem: `is not one of ${words.join(", ")}` } : { value };
  };
}

/** Parses a switch given by environment, file or library: `true` or `1`, `false` or `0`. */
export function boolean(text: string): Parsed<boolean> {
  if (text === "true" || text === "1") return { value: true };
  if (text === "false" || text === "0") return { value: false };
  return { problem: "is not one of true, false" };
}

/** Parses the path of a file. Relative paths are kept as given: they count from the working directory. */
export const path = matching(/^[^\0]*$/s, { problem: "is not a path: it contains a NUL character" });

/** Parses the name of an OpenClaw role or scope, such as `operator` or `operator.read`. */
export const accessName = matching(/^[a-z][a-z0-9_.:-]{0,63}$/, {
  problem: "is not the name of a role or scope",
  fix: "write it as OpenClaw does, such as operator.read",
});

/** Returns a parser that accepts texts of one form as they are. */
function matching(form: RegExp, invalid: Invalid): Parser<string> {
  return (value) => (form.test(value) ? { value } : invalid);
}

/** Returns a parser of printable text that is not blank, of at most `max` characters. */
export function shortText(max: number): Parser<string> {
  return (text) =>
    printable(text, max) === text && text.trim() !== ""
      ? { value: text }
      : { problem: `is not a text of at most ${max} printable characters` };
}

/** Parses the SHA-256 of a certificate: `sha256:` and 64 hex digits, with or without colons. Returns the bare digits. */
export function fingerprint(text: string): Parsed<string> {
  const [, digits] = /^sha256:((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})$/i.exec(text) ?? [];
  if (digits !== undefined) return { value: digits.replaceAll(":", "").toLowerCase() };
  return { problem: "is not a SHA-256 fingerprint", fix: "write sha256: and its 64 hex digits" };
}
