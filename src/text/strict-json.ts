import parseJson5 from "json5/lib/parse.js";
import { messageOf } from "./printable.ts";

/** A parsed JSON text, or why it is damaged, as the end of the sentence `FILE …`. Never quotes the text. */
export type ParsedJson = { readonly value: unknown } | { readonly why: string };

/** Parses JSON (RFC 8259) in UTF-8. Bytes that are not UTF-8 count as damage: writing them back would change them. */
export function parseJson(bytes: Uint8Array): ParsedJson {
  if (bytes.length === 0) return { why: "is empty, so it is damaged" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { why: "is not UTF-8, so it is damaged" };
  }
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const where = position(text, error);
    return { why: where ? `is damaged JSON at ${where}` : "is not strict JSON, so it is damaged" };
  }
}

// Only the position is taken from V8's message: it may quote the text, and with it a key or a token.
function position(text: string, error: unknown): string | undefined {
  const [, offset] = /at position (\d+)/.exec(messageOf(error)) ?? [];
  if (offset !== undefined) {
    const before = text.slice(0, Number(offset)).split("\n");
    return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  }
  // Some of V8's messages have no position. JSON5, a superset of JSON, always reports one.
  try {
    parseJson5(text);
  } catch (reason) {
    const [, line, column] = /at (\d+):(\d+)$/.exec(messageOf(reason)) ?? [];
    if (line !== undefined) return `line ${line}, column ${column}`;
  }
  return undefined;
}
