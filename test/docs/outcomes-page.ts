import {
  CONNECT_FAILURES,
  OUTCOME_FIXES,
  REFUSALS,
  SHELL_COMMANDS,
  type RefusalRow,
} from "../../src/error-table.ts";
import type { OutcomeName } from "../../src/outcome/outcome.ts";
import { code, escaped, table } from "./markdown.ts";

/** What each outcome means; the compiler requires all of them. */
const MEANINGS: Readonly<Record<OutcomeName, string>> = {
  connected:
    "`hello-ok`: the client is connected; with the reason `scopes-missing` each call that needs a missing scope is refused",
  "pairing-required":
    "the gateway requires approval of the device: `not-paired`, `scope-upgrade`, `role-upgrade`, `metadata-upgrade`",
  unauthorized: "wrong or missing token or password; `reason` says which",
  "device-required": "the client sent no device identity",
  "device-invalid": "the gateway rejected the device's signature",
  "rate-limited": "too many failed authentication attempts",
  "origin-rejected": "the gateway does not accept the page's origin",
  "protocol-mismatch": "client and gateway are of different releases",
  "gateway-starting": "the gateway is not ready yet",
  "gateway-refused": "the gateway refused the upgrade by HTTP; `http` has its status",
  "gateway-unreachable": "nothing responds at `--gateway`; `reason` is the system's error code",
  "gateway-closed": "the gateway closed the connection during the handshake",
  abandoned: "the client disconnected first",
  denied: "the shim itself refused; `reason` is one of the codes below",
  "not-gateway-protocol": "another WebSocket endpoint: canvas, plugin, worker",
};

/** Refusals that only plain HTTP requests and the shim's own pages get, so never as the reason of `denied`. */
const HTTP_ONLY = new Set([
  "page_not_local",
  "foreign_site",
  "too_many_followers",
  "request_timeout",
  "method_connect",
  "method_not_allowed",
]);
/** The reason of `rate-limited`, and what a client gets whose outcome is `gateway-unreachable`. */
const OTHER_OUTCOMES = new Set([
  "too_many_failures",
  "gateway_unreachable",
  "gateway_timeout",
  "gateway_response_malformed",
]);

const OUTCOMES = Object.keys(MEANINGS).filter((name): name is OutcomeName => Object.hasOwn(MEANINGS, name));
const FIXES: Readonly<Record<string, string>> = OUTCOME_FIXES;
const COMMANDS: Readonly<Record<string, string>> = { "pairing-required": SHELL_COMMANDS["approve-device"] };

function outcomeTable(): string {
  const rows = OUTCOMES.map((name) => {
    const command = COMMANDS[name];
    return [code(name), MEANINGS[name], shown(FIXES[name]), command === undefined ? "–" : code(command)];
  });
  return table(["outcome", "what happened", "`fix`", "`command`"], rows);
}

/** Returns docs/outcomes.md. */
export function outcomesPage(): string {
  const reasons = Object.entries(FIXES).filter(([name]) => !Object.hasOwn(MEANINGS, name));
  const refusals = Object.entries<RefusalRow>(REFUSALS);
  const denied = refusals.filter(([name]) => !HTTP_ONLY.has(name) && !OTHER_OUTCOMES.has(name));
  return `# Outcomes, and what to do about them

The shim logs one outcome for each request for a WebSocket. [observability.md](observability.md) describes the log line.

Written by \`npm run docs\` from the table that the program itself uses (src/error-table.ts); a test fails if they differ.
\`{value}\` stands for the value at hand: an address, a request ID, a number of seconds.

## Outcomes

${outcomeTable()}
## Reasons of the gateway

If \`reason\` is one of these, \`fix\` is more precise; \`command\` is that of the outcome:

${table(["reason", "`fix`"], merged(reasons))}
## Gateway unreachable

${table(["reason", "`fix`"], merged(Object.entries(CONNECT_FAILURES)))}
## Denied by the shim

\`reason\` of \`denied\` (WebSocket upgrades), and \`error.type\` of the response:

${refusalTable(denied)}
## Refusals of plain HTTP requests

Logged as \`request.denied\`; \`error.type\` of the response. Plain HTTP requests also get those above:

${refusalTable(refusals.filter(([name]) => HTTP_ONLY.has(name)))}
## Other responses of the shim

The first belongs to the outcome \`rate-limited\`; the others to \`gateway-unreachable\`, with the fix of its reason:

${refusalTable(refusals.filter(([name]) => OTHER_OUTCOMES.has(name)))}`;
}

function refusalTable(rows: readonly (readonly [string, RefusalRow])[]): string {
  return table(
    ["code", "HTTP", "message", "`fix`"],
    rows.map(([name, { status, message, fix }]) => [
      code(name),
      String(status),
      escaped(message),
      shown(fix),
    ]),
  );
}

function shown(fix: string | undefined): string {
  return fix === undefined ? "–" : escaped(fix);
}

/** Rows with the same fix become one. */
function merged(rows: readonly (readonly [string, string])[]): string[][] {
  const names = new Map<string, string[]>();
  for (const [name, fix] of rows) names.set(fix, [...(names.get(fix) ?? []), code(name)]);
  return [...names].map(([fix, same]) => [same.join(", "), escaped(fix)]);
}
