import { canonicalName, fieldValues } from "../headers/header-table.ts";

/** Fields that announce a body (RFC 9112 section 6). */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);
/** Methods whose body no server ignores. */
const WITH_BODY = /^(?:POST|PUT|PATCH)$/;

/** Returns true if a request announces a body, in any spelling. */
export function isFramed(rawHeaders: readonly string[]): boolean {
  return framingFields(rawHeaders).length > 0;
}

/** Returns true for a body that every server reads alike: Node's parser has read one Content-Length, and nothing else. */
export function hasOneLength(method: string | undefined, rawHeaders: readonly string[]): boolean {
  const [length = "", second] = fieldValues(rawHeaders, "content-length");
  const isAlone = second === undefined && framingFields(rawHeaders).length === 1;
  return isAlone && WITH_BODY.test(method ?? "") && /^\d+$/.test(length);
}

function framingFields(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((text, i) => i % 2 === 0 && FRAMING.has(canonicalName(text)));
}
