import type { SessionResult } from "../../openclaw/gateway-session.ts";
import { readErrorType } from "../../openclaw/protocol.ts";
import type { Outcome } from "../../outcome/outcome.ts";
import type { DemoAttempt } from "./demo-sandbox.ts";

const VALUE_COLUMN = 18;

type Row = readonly [name: string, value: string];

/** Formats a client's result as one row. */
export function resultRows(result: SessionResult): string {
  return table([resultRow(result)]);
}

/** Formats a client's result and the fields of the shim's outcome line. */
export function attemptRows({ result, outcome }: DemoAttempt): string {
  return table([resultRow(result), ...outcomeRows(outcome)]);
}

/** What OpenClaw's own tools print for a refusal. */
function resultRow(result: SessionResult): Row {
  if (result.ok) return ["connected", `hello-ok, protocol ${String(result.hello["protocol"])}`];
  if (result.http) return ["refused", `HTTP ${result.http.status} ${readErrorType(result.http.body) ?? ""}`];
  if (result.close) return ["refused", `gateway closed (${result.close.code}): ${result.close.reason}`];
  return ["refused", result.failure ?? "no response"];
}

function outcomeRows(outcome: Outcome): Row[] {
  const {
    client,
    deviceId = "",
    role = "?",
    grantedScopes,
    deviceToken,
    gateway,
    normalized,
    fix,
    command,
  } = outcome;
  const reason = outcome.reason === undefined ? "" : ` (${outcome.reason})`;
  const token = deviceToken === undefined ? "" : ", and a device token";
  const rows: readonly (Row | undefined)[] = [
    ["shim reports", `${outcome.outcome}${reason} after ${Math.round(outcome.ms)} ms`],
    client && ["client", `${client.id}, device ${deviceId.slice(0, 12)}`],
    grantedScopes && ["granted", `${role}: ${grantedScopes.join(" ")}${token}`],
    gateway?.version === undefined ? undefined : ["gateway", gateway.version],
    normalized.host && ["Host", `${normalized.host.from} -> ${normalized.host.to}`],
    ["removed", Object.keys(normalized.stripped).join(" ")],
    fix === undefined ? undefined : ["fix", fix],
    command === undefined ? undefined : ["command", command],
  ];
  return rows.filter((row) => row !== undefined);
}

function table(rows: readonly Row[]): string {
  return rows.map(([name, value]) => `    ${name}`.padEnd(VALUE_COLUMN) + `${value}\n`).join("");
}
