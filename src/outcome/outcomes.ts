import { EventEmitter } from "node:events";
import type { Refusal } from "../errors.ts";
import type { HeaderChange, Normalized } from "../headers/normalize.ts";
import type { ConnectResponse } from "../openclaw/protocol.ts";
import { strippedForLog } from "../headers/stripped-values.ts";
import { printable } from "../text/printable.ts";
import { adviceFor } from "./outcome-advice.ts";
import { judge, type Outcome } from "./outcome.ts";
import type { Transcript } from "./transcript.ts";

/** Number of outcomes that `/__shim__/outcomes` can show. */
const RECENT_LIMIT = 200;
/** Devices remembered for `firstSeen`; beyond it the oldest is forgotten. */
const DEVICE_LIMIT = 10_000;

/** What is known of an upgrade besides its handshake. */
export interface UpgradeFacts {
  readonly conn: string;
  readonly peer: string;
  /** Without the query. */
  readonly path: string;
  /** In ms of `performance.now()`. */
  readonly startedAt: number;
  /** The key under which failed authentication attempts count. */
  readonly rateLimitKey: string | undefined;
  /** The request carried a credential in a header field. */
  readonly sentCredential: boolean;
  readonly publicForwarded?: boolean;
  readonly normalized?: Normalized;
}

/** An outcome and when it was reported, in ISO 8601. */
export interface TimedOutcome extends Outcome {
  readonly time: string;
}

/** The end of one handshake: the outcome, and what it was made from. */
export interface SettledUpgrade {
  readonly outcome: TimedOutcome;
  readonly facts: UpgradeFacts;
  readonly transcript: Readonly<Transcript>;
}

/**
 * Makes the outcome of every upgrade, stores the last ones, and emits each once. Log, metrics, followers, approver and
 * the limit on failed authentication subscribe.
 */
export class Outcomes extends EventEmitter<{ settled: [SettledUpgrade] }> {
  readonly #recent: TimedOutcome[] = [];
  readonly #devices = new Set<string>();

  /** The last outcomes, oldest first. */
  get recent(): readonly TimedOutcome[] {
    return this.#recent;
  }

  /** Reports an upgrade that the shim itself refused. */
  denied(facts: UpgradeFacts, { code, status, fix, command }: Refusal): void {
    this.#settle(
      facts,
      { challenged: false },
      {
        outcome: code === "too_many_failures" ? "rate-limited" : "denied",
        reason: code,
        http: { status, type: code },
        fix,
        ...(command !== undefined && { command }),
      },
    );
  }

  /** Reports an upgrade of which the handshake is over. */
  observed(facts: UpgradeFacts, transcript: Readonly<Transcript>): void {
    const { connect, response, close, http } = transcript;
    const verdict = judge(transcript);
    const deviceId = connect?.deviceId ?? (response?.ok === false ? response.deviceId : undefined);
    this.#settle(facts, transcript, {
      ...verdict,
      ...(response?.ok === false && response.requestId !== undefined && { requestId: response.requestId }),
      ...(deviceId !== undefined && { deviceId }),
      ...(connect && { client: connect.client }),
      ...(connect?.role !== undefined && { role: connect.role }),
      ...(connect?.scopes && { scopes: connect.scopes }),
      ...(response?.ok === true && granted(response)),
      ...(close && { close: { code: close.code, reason: close.reason } }),
      ...(http && { http }),
      ...(verdict.outcome === "connected" && this.#isNew(deviceId) && { firstSeen: true }),
      ...adviceFor(verdict, transcript),
    });
  }

  #settle(
    facts: UpgradeFacts,
    transcript: Readonly<Transcript>,
    known: Pick<Outcome, "outcome"> & Partial<Outcome>,
  ): void {
    const { conn, peer, path, startedAt, normalized, publicForwarded } = facts;
    const { outcome, reason, fix, command, ...seen } = known;
    const settled: TimedOutcome = {
      time: new Date().toISOString(),
      event: "pairing.outcome",
      conn,
      outcome,
      ...(reason !== undefined && { reason }),
      ...seen,
      peer,
      path,
      normalized: {
        ...(normalized?.host && { host: changeForLog(normalized.host) }),
        ...(normalized?.origin && { origin: changeForLog(normalized.origin) }),
        stripped: strippedForLog(normalized?.stripped ?? []),
      },
      ...(publicForwarded && { publicForwarded }),
      ...(fix !== undefined && { fix }),
      ...(command !== undefined && { command }),
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
    };
    this.#recent.push(settled);
    if (this.#recent.length > RECENT_LIMIT) this.#recent.shift();
    this.emit("settled", { outcome: settled, facts, transcript });
  }

  #isNew(deviceId: string | undefined): boolean {
    if (deviceId === undefined || this.#devices.has(deviceId)) return false;
    this.#devices.add(deviceId);
    if (this.#devices.size > DEVICE_LIMIT) this.#devices.delete(this.#devices.values().next().value ?? "");
    return true;
  }
}

/** Returns the level of an outcome's log line. */
export function levelOf({ outcome }: Pick<Outcome, "outcome">): "info" | "warn" | "error" {
  if (outcome === "connected") return "info";
  return outcome === "gateway-unreachable" ? "error" : "warn";
}

function granted(response: Extract<ConnectResponse, { ok: true }>): Partial<Outcome> {
  const { version, protocol, scopes, deviceTokenIssued } = response;
  return {
    ...(scopes && { grantedScopes: scopes }),
    ...(deviceTokenIssued && { deviceToken: "issued" }),
    gateway: { ...(version !== undefined && { version }), ...(protocol !== undefined && { protocol }) },
  };
}

/** A WebSocket client may send any Host: its text comes from outside. */
function changeForLog({ from, to }: HeaderChange): HeaderChange {
  return { from: printable(from), to };
}
