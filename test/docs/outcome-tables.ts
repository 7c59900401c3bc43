import { refuse, RULES } from "../../src/errors.ts";
import { CODES_WITH_FIX, unreachableFix } from "../../src/gate/unreachable.ts";
import { fixFor, REASONS_WITH_FIX } from "../../src/outcome/fixes.ts";
import type { OutcomeName } from "../../src/outcome/outcome.ts";

/** What happened, in the words of the documents; the compiler sees to it that no outcome is left out. */
const MEANINGS: Readonly<Record<OutcomeName, string>> = {
  connected: "`hello-ok`: the client is in",
  "pairing-required":
    "the gateway wants the device approved: `not-paired`, `scope-upgrade`, `role-upgrade`, `metadata-upgrade`",
  unauthorized: "wrong or missing token or password; `reason` says which",
  "device-required": "the client sent no device identity",
  "device-invalid": "the device's signature was not accepted",
  "rate-limited": "too many failed attempts",
  "origin-rejected": "the gateway does not know the page's origin",
  "protocol-mismatch": "client and gateway are of different releases",
  "gateway-starting": "the gateway is not ready yet",
  "gateway-refused": "the gateway answered the upgrade by HTTP; `http` says how",
  "gateway-unreachable": "nobody answers at `--gateway`; `reason` is the system's word",
  "gateway-closed": "the gateway ended the handshake",
  abandoned: "the client left first",
  denied: "the shim's own gate refused; `reason` is its rule",
  "not-gateway-protocol": "another WebSocket endpoint: canvas, plugin, worker",
};

const OUTCOMES = Object.keys(MEANINGS).filter((name): name is OutcomeName => Object.hasOwn(MEANINGS, name));

/** A name and its fix. */
type Row = readonly [names: string, fix: string];

/** Enough of a handshake for the fixes that quote it. */
const FACTS = { http: { status: 404 } };

/** Every outcome with what happened and what mends it, as the README has it. */
export function outcomeTable(): string {
  const rows = OUTCOMES.map((name) => [code(name), MEANINGS[name], fixOf(name)]);
  return table(["outcome", "what happened", "`fix`"], rows);
}

/** The whole of docs/outcomes.md. */
export function outcomesDocument(): string {
  const reasons = REASONS_WITH_FIX.map((reason): Row => {
    return [code(reason), escaped(fixFor({ outcome: "gateway-closed", reason }, FACTS) ?? "")];
  });
  const codes = CODES_WITH_FIX.map((name): Row => [code(name), escaped(unreachableFix(name))]);
  const rules = RULES.map((rule) => {
    const { status, fix } = refuse(rule, "…");
    return [code(rule), String(status), escaped(fix)];
  });
  return `# Outcomes, and what mends them

Written by \`npm run docs\` from the code that writes the log; a test fails where this file says something else. In a log
line \`<requestId>\` and the like are the real ones, fit to be copied.

## Outcomes

${outcomeTable()}
## The gateway's own words

Where \`reason\` is one of these, \`fix\` is more precise:

${table(["reason", "`fix`"], merged(reasons))}
## Gateway unreachable

${table(["reason", "`fix`"], merged(codes))}
## Denied by the shim

\`reason\` of \`denied\` and of \`request.denied\`, and \`error.type\` of the answer:

${table(["rule", "HTTP", "`fix`"], rules)}`;
}

function fixOf(outcome: OutcomeName): string {
  if (outcome === "connected") return "–";
  if (outcome === "denied") return "the line names the flag; all rules are in docs/outcomes.md";
  return escaped(fixFor({ outcome, reason: "" }, FACTS) ?? "");
}

/** Those that are mended alike share a row. */
function merged(rows: readonly Row[]): Row[] {
  const names = new Map<string, string[]>();
  for (const [name, fix] of rows) names.set(fix, [...(names.get(fix) ?? []), name]);
  return [...names].map(([fix, same]): Row => [same.join(", "), fix]);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Text as Markdown shows it: no tag, no end of a cell. */
function escaped(text: string): string {
  return text.replaceAll("<", "&lt;").replaceAll("|", "\\|");
}
