import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** A file's text and its permission bits, or why it cannot be read, as the end of the sentence `FILE: …`; `denied` where this user may not. */
export type SmallFile =
  | { readonly text: string; readonly mode: number }
  | { readonly why: string; readonly missing: boolean; readonly denied?: boolean };

/** Reads a regular file of at most `maxBytes` as UTF-8. A FIFO or device is refused: it could block for ever. */
export function readSmallFile(path: string, maxBytes: number): SmallFile {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      return { why: "is not a regular file", missing: false };
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    if (length > maxBytes) return { why: `is larger than ${maxBytes} bytes`, missing: false };
    return { text: buffer.toString("utf8", 0, length).replace(/^\uFEFF/, ""), mode: mode & 0o777 };
  } catch (error) {
    const code = errorCode(error);
    return {
      why: `cannot be read (${code})`,
      missing: code === "ENOENT" || code === "ENOTDIR",
      denied: code === "EACCES",
    };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "unknown error";
}
