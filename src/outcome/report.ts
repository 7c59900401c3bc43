import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { Admission } from "../gate/gate.ts";
import type { Refusal } from "../errors.ts";
import type { Change, Normalized } from "../headers/normalize.ts";
import { printable } from "../text/printable.ts";
import { fixFor } from "./fixes.ts";
import { judge, type Outcome } from "./outcome.ts";
import { strippedForLog } from "../headers/stripped-values.ts";
import type { Transcript } from "./transcript.ts";

/** How many outcomes `/__shim__/outcomes` can show. */
const RECENT_LIMIT = 200;
/** Devices remembered for `firstSeen`; beyond it the oldest is forgotten. */
const DEVICE_LIMIT = 10_000;

/** What is known of a request before its handshake. */
export interface ConnectionFacts {
  readonly conn: string;
  readonly peer: string;
  readonly path: string;
  /** `performance.now()` when its connection was accepted, or a later request of it came: no clock that jumps. */
  readonly startedAt: number;
}

/** What the gate and the normalizer made of it. */
export interface Passed {
  readonly normalized: Normalized;
  readonly admission: Admission;
}

/** An outcome and when it was reported: the log line has pino's `time`, what is kept has its own. */
export interface TimedOutcome extends Outcome {
  /** ISO 8601. */
  readonly time: string;
}

/** Turns what was seen into outcome lines: logs them, keeps the last, and tells who listens. */
export class Reporter extends EventEmitter<{ outcome: [TimedOutcome] }> {
  readonly #logger: Logger;
  readonly #recent: TimedOutcome[] = [];
  readonly #devices = new Set<string>();

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  /** The last outcomes, oldest first. */
  get recent(): readonly TimedOutcome[] {
    return this.#recent;
  }

  /** Reports an upgrade that the shim itself refused. */
  denied(facts: ConnectionFacts, { rule, status, fix }: Refusal): void {
    this.#report({
      event: "pairing.outcome",
      conn: facts.conn,
      outcome: rule === "too_many_failures" ? "rate-limited" : "denied",
      reason: rule,
      http: { status, type: rule },
      peer: facts.peer,
      path: facts.path,
      normalized: { stripped: {} },
      fix,
      ms: elapsed(facts),
    });
  }

  /** Reports a client that was gone before the gate could judge it: a socket that is reset has no address. */
  left(facts: ConnectionFacts): void {
    const passed: Passed = {
      normalized: { rawHeaders: [], stripped: [] },
      admission: { origin: "absent", publicForwarded: false },
    };
    this.observed(facts, passed, { challenged: false, end: "client" });
  }

  /** Reports an upgrade that went on to the gateway. */
  observed(facts: ConnectionFacts, passed: Passed, transcript: Readonly<Transcript>): Outcome {
    const { connect, answer, close, http } = transcript;
    const { normalized, admission } = passed;
    const verdict = judge(transcript);
    const fix = fixFor(verdict, transcript);
    const deviceId = connect?.deviceId ?? (answer?.ok === false ? answer.deviceId : undefined);
    return this.#report({
      event: "pairing.outcome",
      conn: facts.conn,
      ...verdict,
      ...(answer?.ok === false && answer.requestId !== undefined && { requestId: answer.requestId }),
      ...(deviceId !== undefined && { deviceId }),
      ...(connect && { client: connect.client }),
      ...(connect?.role !== undefined && { role: connect.role }),
      ...(connect?.scopes && { scopes: connect.scopes }),
      ...(answer?.ok === true && granted(answer)),
      ...(close && { close: { code: close.code, reason: close.reason } }),
      ...(http && { http }),
      peer: facts.peer,
      path: facts.path,
      normalized: {
        ...(normalized.host && { host: changeForLog(normalized.host) }),
        ...(normalized.origin && { origin: changeForLog(normalized.origin) }),
        stripped: strippedForLog(normalized.stripped),
      },
      ...(admission.publicForwarded && { publicForwarded: true }),
      ...(verdict.outcome === "connected" && this.#isNew(deviceId) && { firstSeen: true }),
      ...(fix !== undefined && { fix }),
      ms: elapsed(facts),
    });
  }

  #report(outcome: Outcome): Outcome {
    const timed = { time: new Date().toISOString(), ...outcome };
    this.#recent.push(timed);
    if (this.#recent.length > RECENT_LIMIT) this.#recent.shift();
    this.#logger[levelOf(outcome)](outcome, "pairing outcome");
    this.emit("outcome", timed);
    return outcome;
  }

  #isNew(deviceId: string | undefined): boolean {
    if (deviceId === undefined || this.#devices.has(deviceId)) return false;
    this.#devices.add(deviceId);
    if (this.#devices.size > DEVICE_LIMIT) this.#devices.delete(this.#devices.values().next().value ?? "");
    return true;
  }
}

function granted(answer: Extract<Transcript["answer"], { ok: true }>): Partial<Outcome> {
  const { version, protocol, scopes, deviceTokenIssued } = answer;
  return {
    ...(scopes && { grantedScopes: scopes }),
    ...(deviceTokenIssued && { deviceToken: "issued" }),
    gateway: { ...(version !== undefined && { version }), ...(protocol !== undefined && { protocol }) },
  };
}

/** A WebSocket client may send any Host: what it was is text from outside. */
function changeForLog({ from, to }: Change): Change {
  return { from: printable(from), to };
}

function levelOf({ outcome }: Outcome): "info" | "warn" | "error" {
  if (outcome === "connected") return "info";
  return outcome === "gateway-unreachable" ? "error" : "warn";
}

function elapsed({ startedAt }: ConnectionFacts): number {
  return Math.round((performance.now() - startedAt) * 10) / 10;
}
