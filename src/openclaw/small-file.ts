import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import parseJson5 from "json5/lib/parse.js";
import { isRecord, parseJson } from "../text/json.ts";
import { errorCode, messageOf } from "../text/printable.ts";

/** Who may read or write a file that every user of the machine may. */
export const EVERYBODY = "every user of the machine";
const JSON5_BYTES = 4 * 1024 * 1024;

/**
 * Reads a regular file of at most `maxBytes` as UTF-8. A FIFO or device is refused: it could block for ever.
 *
 * @returns also who else may read or write it, and its owner if that is another user
 */
export function readSmallFile(path: string, maxBytes: number) {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return unusable("is not a regular file");
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    if (length > maxBytes) return unusable(`is larger than ${maxBytes} bytes`);
    const text = buffer.toString("utf8", 0, length).replace(/^\uFEFF/, "");
    const user = process.geteuid?.();
    if (user === undefined) return { text }; // Windows has neither owners nor modes
    const openTo = (stat.mode & 0o007) > 0 ? EVERYBODY : (stat.mode & 0o070) > 0 ? "its group" : undefined;
    return { text, otherOwner: stat.uid === user ? undefined : stat.uid, openTo };
  } catch (error) {
    const code = errorCode(error);
    return unusable(`cannot be read (${code})`, code);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Reads a file of at most 4 MiB that holds one JSON5 object. Reasons contain no value of it. */
export function readJson5(path: string) {
  const file = readSmallFile(path, JSON5_BYTES);
  if ("why" in file) return file;
  try {
    // JSON is JSON5: the other parser is slow, and loaded only if it is needed.
    const object = parseJson(file.text) ?? parseJson5(file.text);
    return isRecord(object) ? { object } : unusable("is not one JSON5 object in braces");
  } catch (error) {
    return unusable(`is not JSON5 (${placeOf(error, file.text)})`);
  }
}

/**
 * Returns where JSON5 ends: line, column, and the name of the first member in that line. JSON5's own message quotes a
 * character, which could be part of a secret, as the rest of the line could.
 */
function placeOf(error: unknown, text: string): string {
  const [line = 1, column = 1] = (/at (\d+:\d+)$/.exec(messageOf(error))?.[1] ?? "").split(":").map(Number);
  const lines = text.split("\n");
  // A line break counts as column 0 of the next line.
  const at = column === 0 ? line - 2 : line - 1;
  const [, name] = /^\s*\{?\s*["']?([a-z][\w-]{0,40})["']?\s*:/i.exec(lines[at] ?? "") ?? [];
  // A string goes on after a backslash.
  const isName = name !== undefined && !lines[at - 1]?.endsWith("\\");
  return `line ${at + 1}, column ${column || (lines[at]?.length ?? 0) + 1}${isName ? `, at ${name}: …` : ""}`;
}

/** Returns why a file is of no use, as the end of the sentence `FILE …`; `denied` if this user may not read it. */
function unusable(why: string, code = "") {
  return { why, missing: code === "ENOENT" || code === "ENOTDIR", denied: code === "EACCES" };
}
