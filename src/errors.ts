import { CONNECT_FAILURES, OUTCOME_FIXES, REFUSALS, type ErrorRow } from "./error-table.ts";
import { printable } from "./text/printable.ts";

/** What to do about a refusal, a failure or a finding. */
export interface Advice {
  /** One sentence for a person: what to do. It does not contain the command. */
  readonly fix: string;
  /** The one shell command that does it, ready to copy; absent where no single command does. */
  readonly command?: string;
}

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
const OTHER_FAILURE = OUTCOME_FIXES["gateway-unreachable"];

/**
 * Returns the refusal of `code` for one offending value.
 *
 * @param value what was wrong, as received: capped and made printable here
 */
export function refuse(code: RefusalCode, value = "", retryAfterS?: number): Refusal {
  const row: ErrorRow = REFUSALS[code];
  return {
    code,
    status: row.status ?? 500,
    message: (row.message ?? "").replace("{value}", () => printable(value, VALUE_LIMIT)),
    ...adviceOf(row, value, shellWord(printable(value, VALUE_LIMIT)) ?? "…"),
    ...(retryAfterS !== undefined && { retryAfterS }),
  };
}

/** Returns the refusal sent to a client whose request found no gateway. Its fix is the one of the log line. */
export function refuseUnreachable(
  code: "gateway_unreachable" | "gateway_timeout" | "gateway_response_malformed",
  failure: ConnectFailure,
): Refusal {
  return { ...refuse(code, `${failure.code}: ${failure.message}`), ...connectAdvice(failure.code) };
}

/** Returns the advice for a gateway that cannot be reached, by the code of the failure. */
export function connectAdvice(code: string): Advice {
  return adviceOf(ownRow(CONNECT_FAILURES, code) ?? OTHER_FAILURE);
}

/**
 * Returns the advice for an outcome or for a reason of the gateway's.
 *
 * @param key a word from outside, which may be `constructor`
 * @param value fills the row's `{value}`: a request ID for a command, else the shim's own text
 * @returns undefined if there is none of its own
 */
export function outcomeAdvice(key: string, value = ""): Advice | undefined {
  const row = ownRow(OUTCOME_FIXES, key);
  return row && adviceOf(row, value, value);
}

/** Fills the texts of a row. A command whose value is unknown or unsafe in a shell is left out. */
function adviceOf({ fix = "", command }: ErrorRow, value = "", inFix = ""): Advice {
  const word = shellWord(value);
  return {
    fix: fix.replaceAll("{value}", () => inFix),
    ...(command !== undefined && word !== undefined && { command: command.replace("{value}", () => word) }),
  };
}

/**
 * Returns `text` as one word of a shell command; undefined if it could be an option or mean something to a shell.
 */
export function shellWord(text: string): string | undefined {
  if (!/^[a-z0-9[][\w.:/@[\]-]*$/i.test(text)) return undefined;
  // Shells read brackets, as around an IPv6 literal, as a pattern.
  return /[[\]]/.test(text) ? `'${text}'` : text;
}

function ownRow(table: Readonly<Record<string, ErrorRow>>, key: string): ErrorRow | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
