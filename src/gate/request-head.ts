import { canonicalName, connectionOptions, fieldValues, isEndToEnd } from "../headers/header-table.ts";
import { refuse, type Refusal } from "../errors.ts";

/** Fields of a header section: 4,000 of 16 KiB would take a megabyte. A listener must parse no more. */
export const FIELD_LIMIT = 256;

/**
 * Lower-case hex; neither ID is all zeros. Version ff is invalid, version 00 ends after the flags, and a later version
 * may go on after a dash (W3C Trace Context, sections 3.2.2 and 4.3).
 */
const TRACEPARENT =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** Methods whose body no server ignores. */
const WITH_BODY = /^(?:POST|PUT|PATCH)$/;

/** The part of `http.IncomingMessage` that the gate reads. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/**
 * Checks that a request head has one reading. Node's parser has refused what it cannot read; this refuses what two
 * parsers could understand differently.
 */
export function checkRequestHead(request: RequestHead): Refusal | undefined {
  const { url, httpVersion, rawHeaders } = request;
  // There may be more, which were not parsed.
  if (rawHeaders.length >= 2 * FIELD_LIMIT) return refuse("header_too_large");
  // Node's parser also accepts 0.9, which has no fields, and 2.0, which is not text.
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return malformed(`HTTP/${httpVersion} is not served`);
  // absolute-form would name a second authority beside Host (RFC 9112 section 3.2.2).
  if (url === undefined || !url.startsWith("/")) return malformed("the request target must be a path");
  if (fieldValues(rawHeaders, "host").length !== 1) return malformed("exactly one Host is required");
  if (fieldValues(rawHeaders, "origin").length > 1) return malformed("more than one Origin");
  // Only chunked is decoded here; another coding would be forwarded without its label (RFC 9112 section 6.1).
  if (fieldValues(rawHeaders, "transfer-encoding").some((coding) => coding.toLowerCase() !== "chunked")) {
    return malformed("the only Transfer-Encoding is chunked");
  }
  const named = [...connectionOptions(rawHeaders)].find(isEndToEnd);
  return named === undefined ? undefined : malformed(`Connection must not name ${named}`);
}

/** Checks the head of a WebSocket handshake (RFC 6455 section 4.1); the gateway checks key and version. */
export function checkUpgrade({ method = "?", httpVersion, rawHeaders }: RequestHead): Refusal | undefined {
  const protocol = fieldValues(rawHeaders, "upgrade").join(", ").trim();
  if (protocol.toLowerCase() !== "websocket") return refuse("upgrade_not_websocket", protocol);
  if (method !== "GET") return malformed(`a WebSocket handshake is a GET, not ${method}`);
  if (httpVersion !== "1.1") return malformed("a WebSocket handshake needs HTTP/1.1");
  // A body would be read as frames here and as a request there (request smuggling, CVE-2026-29057).
  const hasBody = framingFields(rawHeaders).some(
    ([name, value]) => name === "transfer-encoding" || value !== "0",
  );
  return hasBody ? malformed("a WebSocket handshake has no body") : undefined;
}

/** Returns true if a request asks for a WebSocket, well-formed or not: then it gets an outcome. */
export function asksForWebSocket({ rawHeaders }: RequestHead): boolean {
  return fieldValues(rawHeaders, "upgrade").some((value) => /(?:^|[,\s])websocket(?:$|[,\s/])/i.test(value));
}

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

/** Returns the fields that announce a body, with their canonical names (RFC 9112 section 6). */
function framingFields(rawHeaders: readonly string[]): [canonical: string, value: string][] {
  const found: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = canonicalName(rawHeaders[i] ?? "");
    if (name === "content-length" || name === "transfer-encoding")
      found.push([name, rawHeaders[i + 1] ?? ""]);
  }
  return found;
}

/** Returns the trace ID of a request's `traceparent`; undefined without exactly one, or if it is not valid. */
export function traceIdOf(rawHeaders: readonly string[]): string | undefined {
  const [value, second] = fieldValues(rawHeaders, "traceparent");
  return value === undefined || second !== undefined ? undefined : TRACEPARENT.exec(value)?.[1];
}

/** Returns true if a request target belongs to the shim: such a request is never forwarded. */
export function isStatusPath(url: string): boolean {
  return /^\/__shim__(?:[/?#]|$)/.test(url);
}

function malformed(what: string): Refusal {
  return refuse("malformed_request", what);
}
