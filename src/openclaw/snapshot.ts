const KEY = '"snapshot":{';

/**
 * Returns the text of a gateway's message with its first snapshot emptied: most of a hello-ok, and nothing in it is
 * read. Not parsing it saves 4 % of the CPU of an upgrade (bench/README.md). In JSON a quote inside a string follows a
 * backslash, so the key with its colon can only be a member's.
 */
export function textWithoutSnapshot(message: Buffer): string {
  const start = message.indexOf(KEY, 0, "latin1") + KEY.length - 1;
  // As one-byte characters, so that positions are those of the bytes; every byte of a longer one is above 0x7f.
  const end = start < KEY.length - 1 ? -1 : endOfObject(message.toString("latin1"), start);
  if (end === -1) return message.toString("utf8");
  return `${message.toString("utf8", 0, start)}{}${message.toString("utf8", end)}`;
}

/** Returns the position after the object that begins at `start`, -1 if it is not closed. Braces in strings do not count. */
function endOfObject(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const char = json[at];
    if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (char === '"') {
      do at = json.indexOf('"', at + 1);
      while (isEscaped(json, at));
      if (at === -1) return -1;
    }
  }
  return -1;
}

/** Returns true if an odd number of backslashes precedes a character. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 1;
}
