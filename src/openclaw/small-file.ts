import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import JSON5 from "json5";
import { isRecord } from "../text/json.ts";
import { messageOf } from "../text/printable.ts";

/** Why a file is of no use, as the end of the sentence `FILE …`; `denied` if this user may not read it. */
export interface UnusableFile {
  readonly why: string;
  readonly missing: boolean;
  readonly denied?: boolean;
}

/** A file's text, permission bits and owner. */
export interface SmallFile {
  readonly text: string;
  readonly mode: number;
  readonly uid: number;
}

const JSON5_BYTES = 4 * 1024 * 1024;

/** Reads a regular file of at most `maxBytes` as UTF-8. A FIFO or device is refused: it could block for ever. */
export function readSmallFile(path: string, maxBytes: number): SmallFile | UnusableFile {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { why: "is not a regular file", missing: false };
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    if (length > maxBytes) return { why: `is larger than ${maxBytes} bytes`, missing: false };
    const text = buffer.toString("utf8", 0, length).replace(/^\uFEFF/, "");
    return { text, mode: stat.mode & 0o777, uid: stat.uid };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const missing = code === "ENOENT" || code === "ENOTDIR";
    return { why: `cannot be read (${code})`, missing, denied: code === "EACCES" };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Reads a file of at most 4 MiB that holds one JSON5 object. Reasons contain none of its text. */
export function readJson5(
  path: string,
): { readonly object: Readonly<Record<string, unknown>> } | UnusableFile {
  const file = readSmallFile(path, JSON5_BYTES);
  if ("why" in file) return file;
  try {
    const object: unknown = JSON5.parse(file.text);
    return isRecord(object) ? { object } : { why: "is not one JSON5 object in braces", missing: false };
  } catch (error) {
    // JSON5's message quotes a character, which could be part of a secret; its line number is enough.
    const [, line] = /at (\d+):\d+$/.exec(messageOf(error)) ?? [];
    const where = line === undefined ? "it ends too early" : `near line ${line}`;
    return { why: `is not JSON5 (${where})`, missing: false };
  }
}
