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

/**
 * Where the object that begins at `start` is over: braces count outside of strings. -1 where it never is. Searched as
 * one-byte characters: every byte of a longer one is above 0x7f, and a string knows how to find its quote.
 */
function endOfObject(message: Buffer, start: number): number {
  const text = message.toString("latin1");
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
      if (at === -1) return -1;
    } else if (char === OPEN) {
      depth += 1;
    } else if (char === CLOSE) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** Where the string that begins at `start` has its closing quote, the next that no backslash escapes; -1 where none is. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote;
}

/** A character is escaped where an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}
