import type { Outcome } from "../../src/outcome/outcome.ts";
import { code, table } from "./markdown.ts";

/** What each field of the outcome line holds; the compiler requires all of them. */
const FIELDS: Readonly<Record<keyof Outcome, string>> = {
  time: "ISO 8601, UTC",
  event: '`"pairing.outcome"`',
  conn: "id of the connection, on every line about it",
  traceId:
    "the trace ID of the request's `traceparent` (W3C Trace Context), if that is valid; on every line about the connection",
  outcome: "one of the names in [outcomes.md](outcomes.md)",
  reason:
    "the gateway's own code, such as `not-paired` or `AUTH_TOKEN_MISMATCH`; for `denied` the rule of the shim",
  requestId: "id of the pending pairing request",
  deviceId: "the device. A client with the gateway's token may send none: 2026.9's CLI on loopback does not",
  client: "`id`, `mode`, `version`, `platform`, as the client sent them",
  role: "the role that the client asked for",
  scopes: "the scopes that the client asked for",
  grantedScopes: "the scopes that the gateway granted",
  missingScopes:
    "the scopes that an operator asked for and was not granted; `reason` is then `scopes-missing`",
  deviceToken: '`"issued"` if the gateway gave the device a token of its own; the token is not logged',
  gateway: "`version` and `protocol` of the gateway",
  close: "`code` and `reason` of the close frame",
  http: "`status` and `type` of the response, if the upgrade was refused by HTTP",
  peer: "the client's address, from the socket",
  path: "the request's path, without the query",
  normalized:
    "what the shim changed: `host` and `origin` with `from` and `to`, and `stripped`, the deleted headers",
  publicForwarded: "`true` if a deleted header named a public address",
  firstSeen: "`true` if this device connected for the first time since the shim started",
  fix: "what to do, one sentence; for every outcome but a `connected` without a reason",
  command: "the one shell command that does it, if there is one, ready to copy",
  ms: "milliseconds from accepting the connection to the outcome",
};

/** Returns the table of the fields of an outcome. */
export function outcomeFieldTable(): string {
  return table(
    ["field", "content"],
    Object.entries(FIELDS).map(([name, content]) => [code(name), content]),
  );
}
