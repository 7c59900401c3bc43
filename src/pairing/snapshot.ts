const KEY = '"snapshot":{';
const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d] as const;

/**
 * The text of a gateway's message without what is in its snapshot: most of a hello-ok, and nothing that is read here
 * (bench/README.md says what parsing it costs). In JSON a quote inside a string has a backslash before it, so the key
 * with its colon can only be a member's; a text that is no JSON is none without the snapshot either, unless the fault
 * is in there.
 */
export function textWithoutSnapshot(message: Buffer): string {
  const key = message.indexOf(KEY, 0, "latin1");
  const start = key + KEY.length - 1;
  const end = key === -1 ? -1 : endOfObject(message, start);
  if (end === -1) return message.toString("utf8");
  return `${message.toString("utf8", 0, start)}{}${message.toString("utf8", end)}`;
}

/** Where the object that begins at `start` is over: braces count outside of strings. -1 where it never is. */
function endOfObject(text: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) {
      at += 1;
      while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
    } else if (byte === OPEN) {
      depth += 1;
    } else if (byte === CLOSE) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}
