const NAME = "traceparent";
/**
 * Lower-case hex; neither ID is all zeros. Version ff is invalid, version 00 ends after the flags, and a later version
 * may go on after a dash (W3C Trace Context, sections 3.2.2 and 4.3).
 */
const TRACEPARENT =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** Returns the trace ID of a request's `traceparent`; undefined without exactly one, or if it is not valid. */
export function traceIdOf(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length !== NAME.length || name.toLowerCase() !== NAME) continue;
    if (found !== undefined) return undefined;
    found = rawHeaders[i + 1];
  }
  return found === undefined ? undefined : TRACEPARENT.exec(found)?.[1];
}
