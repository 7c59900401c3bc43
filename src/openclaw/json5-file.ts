import { isRecord } from "../text/json.ts";
import JSON5 from "json5";
import { readSmallFile } from "./small-file.ts";
import { messageOf } from "../text/printable.ts";

const MAX_BYTES = 4 * 1024 * 1024;

/** A JSON5 object, or why there is none, as the end of the sentence `FILE: …`. The text of the file is never shown. */
export type Json5File =
  | { readonly object: Readonly<Record<string, unknown>> }
  | { readonly why: string; readonly missing: boolean; readonly denied?: boolean };

/** Reads a file that holds one JSON5 object, of at most 4 MiB. */
export function readJson5(path: string): Json5File {
  const file = readSmallFile(path, MAX_BYTES);
  if ("why" in file) return file;
  try {
    const object: unknown = JSON5.parse(file.text);
    return isRecord(object) ? { object } : { why: "is not one JSON5 object in braces", missing: false };
  } catch (error) {
    return { why: `is not JSON5 (${position(error)})`, missing: false };
  }
}

// JSON5's message quotes the character it stumbled on, which could be part of a secret; where it stands says enough.
function position(error: unknown): string {
  const [, line] = /at (\d+):\d+$/.exec(messageOf(error)) ?? [];
  return line === undefined ? "it ends too early" : `near line ${line}`;
}
