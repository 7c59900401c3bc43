import type { IncomingMessage } from "node:http";
import type { Refusal } from "../errors.ts";
import { AttemptLimit, type Attempt } from "../gate/attempt-limit.ts";
import type { AttemptSource } from "../gate/attempt-source.ts";
import type { AuthRateLimit } from "../gate/auth-rate-limit.ts";
import type { Settings } from "../settings/settings.ts";
import { credentialResult, isNotRejected } from "./credential.ts";
import type { SettledUpgrade } from "./outcomes.ts";
import type { RequestAttempt, RequestAttempts } from "./request-attempt.ts";

/** A `connect` as received, the device that it names, and the gateway's challenge on its connection. */
export interface DeviceProof {
  readonly deviceId: string | undefined;
  readonly frame: Buffer;
  readonly nonce: string | undefined;
}

const now = (): number => performance.now();

/** Creates the limits on failed authentication of one shim. */
export async function createAuthLimits({ allowFrom }: Pick<Settings, "allowFrom">): Promise<AuthLimits> {
  if (allowFrom.length === 0) return new AuthLimits();
  const { AuthRateLimit } = await import("../gate/auth-rate-limit.ts");
  return new AuthLimits(new AuthRateLimit(now));
}

/** The limits on failed authentication: of peers that are not loopback, and of all clients together. */
export class AuthLimits {
  readonly attempts: AttemptLimit;
  readonly #peers: AuthRateLimit | undefined;
  /** Loaded at the first request with a credential. */
  #requests: Promise<RequestAttempts> | undefined;

  /** @param peers undefined if all peers are loopback */
  constructor(peers?: AuthRateLimit) {
    this.attempts = new AttemptLimit(now);
    this.#peers = peers;
  }

  /** Returns a refusal for a peer that has failed too often. */
  checkPeer({ peer }: AttemptSource): Refusal | undefined {
    return this.#peers?.check(peer);
  }

  /** Waits for the turn of a request with a credential in its head. Resolves with its attempt, or with a refusal. */
  takeTurn(
    request: IncomingMessage,
    source: AttemptSource,
    credentials: string,
  ): Promise<RequestAttempt | Refusal> {
    this.#requests ??= this.#loadRequests();
    return this.#requests.then((requests) => requests.enter(request, source, credentials));
  }

  /**
   * Lets a handshake's message that may carry a credential go on, or wait for its turn.
   *
   * @param isOpen returns false once the client has disconnected
   * @param proof by which a device shows that it need not wait
   */
  enter(
    source: AttemptSource,
    isOpen: () => boolean,
    proof?: DeviceProof,
  ): Attempt | Promise<Attempt | Refusal> {
    const isKnown = proof && ((): Promise<boolean> => this.#isKnown(proof));
    return this.attempts.enter({ source, origin: source.origin, isOpen, isKnown });
  }

  /** Records what an upgrade says about its credential. */
  note({ outcome, facts, transcript }: SettledUpgrade): void {
    const { source, attempt, sentCredential } = facts;
    const result = credentialResult(outcome, transcript, sentCredential);
    if (result === "rejected") {
      this.#peers?.failed(source?.peer);
      this.attempts.settle(attempt, false);
    } else if (isNotRejected(outcome)) this.attempts.settle(attempt, true);
    if (result !== "accepted" || !source) return;
    this.#peers?.succeeded(source.peer);
    this.attempts.forgive(source);
    if (outcome.deviceId !== undefined) this.attempts.learnDevice(outcome.deviceId);
  }

  /** Returns true for a device that signed this `connect` and that the gateway has accepted before. */
  async #isKnown({ deviceId = "", frame, nonce }: DeviceProof): Promise<boolean> {
    if (!this.attempts.knowsDevice(deviceId)) return false;
    const { isSignedConnect } = await import("../openclaw/device.ts");
    return isSignedConnect(frame, nonce) && this.attempts.takeDevice(deviceId);
  }

  async #loadRequests(): Promise<RequestAttempts> {
    const { RequestAttempts } = await import("./request-attempt.ts");
    return new RequestAttempts(this.attempts, this.#peers);
  }
}
