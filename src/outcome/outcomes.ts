import { EventEmitter } from "node:events";
import type { Refusal } from "../errors.ts";
import type { Advice } from "../text/advice.ts";
import { remember, type Attempt } from "../gate/attempt-limit.ts";
import type { AttemptSource } from "../gate/attempt-source.ts";
import type { HeaderChange, Normalized } from "../headers/normalize.ts";
import { strippedForLog } from "../headers/header-table.ts";
import { ByteBudget } from "../net/byte-store.ts";
import { withoutUndefined } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { adviceFor } from "./outcome-advice.ts";
import { judge, type Outcome, type Transcript, type Verdict } from "./outcome.ts";

/** One message may have 4 MiB; a hello-ok of 2026.9.6 has 12 kB, and is complete in a few milliseconds. */
const GATEWAY_MESSAGES_BYTES = 16 * 1024 * 1024;
/** Number of outcomes that `/__shim__/outcomes` can show. */
const RECENT_LIMIT = 200;
/** Devices remembered for `firstSeen`; beyond it the oldest is forgotten. */
const DEVICE_LIMIT = 10_000;

/** What is known of an upgrade besides its handshake. */
export interface UpgradeFacts extends Pick<Outcome, "conn" | "traceId" | "peer" | "path"> {
  /** In ms of `performance.now()`. */
  readonly startedAt: number;
  /** The request carried a credential in its head. */
  readonly sentCredential: boolean;
  /** Where an attempt to authenticate comes from; undefined if the gate refused the request. */
  readonly source?: AttemptSource;
  /** The attempt in progress, if there is one. */
  attempt?: Attempt | undefined;
  readonly publicForwarded?: boolean;
  readonly normalized?: Normalized;
}

/** The end of one handshake: the outcome, and what it was made from. */
export interface SettledUpgrade {
  readonly outcome: Outcome;
  readonly facts: UpgradeFacts;
  readonly transcript: Readonly<Transcript>;
}

/** An outcome as it is stored; `approvedAt` is when this shim approved its request, in ISO 8601. */
export type StoredOutcome = Outcome & { readonly approvedAt?: string };

/** Makes the outcome of every upgrade, stores the last ones, and emits each once. */
export class Outcomes extends EventEmitter<{ settled: [SettledUpgrade]; approved: [StoredOutcome] }> {
  /** For the incomplete messages of the gateway that all sessions read. */
  readonly gatewayMessages = new ByteBudget(GATEWAY_MESSAGES_BYTES);
  readonly #recent: StoredOutcome[] = [];
  readonly #devices = new Set<string>();

  /** The last outcomes, oldest first. */
  get recent(): readonly StoredOutcome[] {
    return this.#recent;
  }

  /** Reports an upgrade that the shim itself refused: with an HTTP response, or after the given handshake. */
  denied(facts: UpgradeFacts, { code, status, fix, command }: Refusal, seen?: Readonly<Transcript>): void {
    const transcript = seen ?? { challenged: false, http: { status, type: code } };
    const outcome = code === "too_many_failures" ? "rate-limited" : "denied";
    this.#settle(facts, transcript, { outcome, reason: code }, { fix, command });
  }

  /** Reports an upgrade of which the handshake is over. */
  observed(facts: UpgradeFacts, transcript: Readonly<Transcript>): void {
    const verdict = judge(transcript);
    this.#settle(facts, transcript, verdict, adviceFor(verdict, transcript));
  }

  /** Stores that the shim approved a pending request, and emits the outcomes that it settles. */
  approved(requestId: string): void {
    for (const [index, outcome] of this.#recent.entries()) {
      if (outcome.requestId !== requestId) continue;
      const approved = { ...outcome, approvedAt: new Date().toISOString() };
      this.#recent[index] = approved;
      this.emit("approved", approved);
    }
  }

  #settle(
    facts: UpgradeFacts,
    transcript: Readonly<Transcript>,
    { outcome, reason, missingScopes }: Verdict,
    advice: Advice | undefined,
  ): void {
    const { conn, traceId, peer, path, startedAt, normalized, publicForwarded } = facts;
    const { connect, response, close, http } = transcript;
    const hello = response?.ok === true ? response : undefined;
    const refused = response?.ok === false ? response : undefined;
    const deviceId = connect?.deviceId ?? refused?.deviceId;
    const firstSeen = outcome === "connected" && this.#isNew(deviceId);
    // Members may be undefined: to remove them costs more than to write the line without them (bench/README.md).
    const settled: Outcome = {
      time: new Date().toISOString(),
      event: "pairing.outcome",
      conn,
      traceId,
      outcome,
      reason,
      requestId: refused?.requestId,
      deviceId,
      client: connect?.client,
      role: connect?.role,
      scopes: connect?.scopes,
      grantedScopes: hello?.scopes,
      missingScopes,
      deviceToken: hello?.deviceTokenIssued ? "issued" : undefined,
      gateway: hello && withoutUndefined({ version: hello.version, protocol: hello.protocol }),
      close: close && { code: close.code, reason: close.reason },
      http,
      firstSeen: firstSeen || undefined,
      peer,
      path,
      normalized: withoutUndefined({
        host: changeForLog(normalized?.host),
        origin: changeForLog(normalized?.origin),
        stripped: strippedForLog(normalized?.stripped ?? []),
      }),
      publicForwarded: publicForwarded || undefined,
      fix: advice?.fix,
      command: advice?.command,
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
    };
    this.#recent.push(settled);
    if (this.#recent.length > RECENT_LIMIT) this.#recent.shift();
    this.emit("settled", { outcome: settled, facts, transcript });
  }

  #isNew(deviceId: string | undefined): boolean {
    if (deviceId === undefined || this.#devices.has(deviceId)) return false;
    remember(this.#devices, deviceId, DEVICE_LIMIT);
    return true;
  }
}

/** Returns the level of an outcome's log line. */
export function levelOf({ outcome, reason }: Verdict): "info" | "warn" | "error" {
  if (outcome === "connected") return reason === undefined ? "info" : "warn";
  return outcome === "gateway-unreachable" ? "error" : "warn";
}

/** A WebSocket client may send any Host: its text comes from outside. */
function changeForLog(change: HeaderChange | undefined): HeaderChange | undefined {
  return change && { from: printable(change.from), to: change.to };
}
