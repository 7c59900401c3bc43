/** What a parse function makes of a text: a value, or why not, as the end of the sentence `"text" …`. */
export type Parsed<T> = { readonly value: T } | { readonly why: string };

const UNITS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** A parser of durations from 0 to `max` (a duration itself, such as `10m`). Gives whole milliseconds. */
export function duration(max: string): (text: string) => Parsed<number> {
  const limit = milliseconds(max) ?? 0;
  return (text) => {
    const ms = milliseconds(text);
    if (ms === undefined) {
      return {
        why: `is not a duration; write a number and a unit, such as 500ms, 10s or 2m, at most ${max}`,
      };
    }
    return ms <= limit ? { value: ms } : { why: `is too long; write at most ${max}` };
  };
}

function milliseconds(text: string): number | undefined {
  if (text === "0") return 0;
  const [, number, unit] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = UNITS.get(unit ?? "");
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** A parser of whole numbers from `min` to `max`, in decimal digits without a sign. */
export function integer(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return { value };
    return { why: `is not a whole number from ${min} to ${max}` };
  };
}

/** A parser of one word out of `words`. */
export function choice<const T extends string>(...words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { why: `is not one of ${words.join(", ")}` } : { value };
  };
}

/** `true` or `1`, `false` or `0`: a switch given by environment, file or library. */
export function boolean(text: string): Parsed<boolean> {
  if (text === "true" || text === "1") return { value: true };
  if (text === "false" || text === "0") return { value: false };
  return { why: "is not one of true, false" };
}

/** A file's path, kept as given: relative ones count from the working directory. */
export function path(text: string): Parsed<string> {
  return text.includes("\0") ? { why: "is not a path: it holds a NUL character" } : { value: text };
}

/** The name of an OpenClaw role or scope, such as `operator` or `operator.read`. */
export function accessName(text: string): Parsed<string> {
  if (/^[a-z][a-z0-9_.:-]{0,63}$/.test(text)) return { value: text };
  return { why: "is not the name of a role or scope; write it as OpenClaw does, such as operator.read" };
}

/** The SHA-256 of a certificate: `sha256:` and 64 hex digits, colons between them or not. Gives the bare digits. */
export function fingerprint(text: string): Parsed<string> {
  const [, digits] = /^sha256:((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})$/i.exec(text) ?? [];
  if (digits !== undefined) return { value: digits.replaceAll(":", "").toLowerCase() };
  return { why: "is not a SHA-256 fingerprint; write sha256: and its 64 hex digits" };
}
