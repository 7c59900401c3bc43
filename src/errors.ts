import {
  CONNECT_FAILURES,
  GATEWAY_STATES,
  OUTCOME_FIXES,
  REFUSALS,
  SHELL_COMMANDS,
  type RefusalRow,
} from "./error-table.ts";
import type { Advice } from "./text/advice.ts";
import { withoutUndefined } from "./text/json.ts";
import { printable } from "./text/printable.ts";
import { WINDOWS_COMMANDS } from "./windows-commands.ts";

/** Why the shim itself refuses a request. Log field `reason` and JSON field `error.type`. */
export type RefusalCode = keyof typeof REFUSALS;

/** One refusal, ready to be sent and logged. */
export interface Refusal extends Advice {
  readonly code: RefusalCode;
  /** HTTP status code. */
  readonly status: number;
  readonly message: string;
  /** Seconds after which the client may retry. */
  readonly retryAfterS?: number;
}

/** Why there is no connection to the gateway, or no response. */
export interface ConnectFailure {
  /** A system error such as `ECONNREFUSED`, `CERT_FINGERPRINT_MISMATCH`, or `TIMEOUT`. */
  readonly code: string;
  readonly message: string;
}

const VALUE_LIMIT = 128;

/**
 * Returns the refusal of `code` for one offending value.
 *
 * @param value what was wrong, as received: capped and made printable here
 */
export function refuse(code: RefusalCode, value = "", retryAfterS?: number): Refusal {
  const { status, message, fix = "" }: RefusalRow = REFUSALS[code];
  const shown = printable(value, VALUE_LIMIT);
  return withoutUndefined({
    code,
    status,
    message: fill(message, shown),
    fix: fill(fix, shellWord(shown) ?? "…"),
    retryAfterS,
  });
}

/** Returns the refusal sent to a client whose request found no gateway. Its fix is the one of the log line. */
export function refuseUnreachable(
  code: "gateway_unreachable" | "gateway_timeout" | "gateway_response_malformed",
  failure: ConnectFailure,
): Refusal {
  return { ...refuse(code, `${failure.code}: ${failure.message}`), ...connectAdvice(failure.code) };
}

/** What the gateway is while it is not up. */
export type GatewayState = "down" | (typeof GATEWAY_STATES)[keyof typeof GATEWAY_STATES];

/** Returns the state of a gateway that is not up, by the code of the failure. */
export function gatewayState(code: string): GatewayState {
  return ownText<GatewayState>(GATEWAY_STATES, code) ?? "down";
}

/** Returns the advice for a gateway that cannot be reached, by the code of the failure. */
export function connectAdvice(code: string): Advice {
  return { fix: ownText(CONNECT_FAILURES, code) ?? OUTCOME_FIXES["gateway-unreachable"] };
}

/**
 * Returns the advice for an outcome: the one of its reason if the table has it.
 *
 * @param value fills `{value}`: a request ID for a command, else the shim's own text
 * @param reason a word from outside, which may be `constructor`
 */
export function outcomeAdvice(outcome: keyof typeof OUTCOME_FIXES, value = "", reason = ""): Advice {
  const fix = fill(ownText(OUTCOME_FIXES, reason) ?? OUTCOME_FIXES[outcome], value);
  // Only a request ID that is safe in a shell makes a command.
  const id = outcome === "pairing-required" ? shellWord(value) : undefined;
  return withoutUndefined({ fix, command: id && shellCommand("approve-device", id) });
}

/** Returns a command of the table. @param value is part of it: the caller's own text, or a `shellWord` */
export function shellCommand(name: keyof typeof SHELL_COMMANDS, value = ""): string {
  const onWindows = process.platform === "win32" ? WINDOWS_COMMANDS[name] : undefined;
  return fill(onWindows ?? SHELL_COMMANDS[name], value);
}

/** Returns `text` as one word of a shell command; undefined if it could be an option or mean something to a shell. */
export function shellWord(text: string): string | undefined {
  if (!/^[a-z0-9[][\w.:/@[\]-]*$/i.test(text)) return undefined;
  // Shells read brackets, as around an IPv6 literal, as a pattern.
  return /[[\]]/.test(text) ? `'${text}'` : text;
}

function fill(text: string, value: string): string {
  return text.replaceAll("{value}", () => value);
}

function ownText<T extends string>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
