import type { ConnectFailure, Refusal } from "../errors.ts";
import { isRefusal } from "../gate/gate.ts";
import type { ByteBudget } from "../net/byte-store.ts";
import { readConnect, readErrorType, readGatewayMessage, type ConnectRequest } from "../openclaw/protocol.ts";
import type { Slot } from "../server/slots.ts";
import { withoutUndefined } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import type { ChunkVerdict, Side } from "../upstream/splice.ts";
import type { UpgradeListener } from "../upstream/websocket-upgrade.ts";
import type { AuthLimits, DeviceProof } from "./auth-limits.ts";
import { FrameReader, type FrameListener } from "./frame-reader.ts";
import type { ConnectionIds, Transcript } from "./outcome.ts";
import type { Outcomes, UpgradeFacts } from "./outcomes.ts";

/** Deadline of a handshake, in ms; the gateway has a shorter one. */
const HANDSHAKE_MS = 30_000;
/** After a refusal the gateway closes; its close code belongs to the outcome if it arrives in this time, in ms. */
const CLOSE_MS = 1_000;
const ERROR_BODY_LIMIT = 8 * 1024;
/** A close code of IANA's registry. */
const TRY_AGAIN_LATER = 1013;
const NOTHING: Buffer = Buffer.alloc(0);

/** Acts on a `connect` before the gateway gets it: the frame waits for the promise, which must resolve soon. */
export interface ConnectHook {
  /** @param frame the `connect` as received @param nonce the gateway's challenge on this connection */
  beforeConnect(
    ids: ConnectionIds,
    connect: ConnectRequest,
    frame: Buffer,
    nonce?: string,
  ): Promise<void> | undefined;
}

/**
 * One upgrade, from its request to the end of its connection. It reads the handshake from a copy of the bytes and
 * reports one outcome when it is over; if reading fails, the connection goes on. Then it holds only the slot: a
 * connection may stay open for weeks after its handshake.
 */
export class UpgradeSession implements UpgradeListener {
  readonly #outcomes: Outcomes;
  readonly #slot: Slot;
  /** For the incomplete messages of the gateway in all handshakes. */
  readonly gatewayMessages: ByteBudget;
  /** Undefined after the outcome. */
  #facts: UpgradeFacts | undefined;
  readonly #limits: AuthLimits;
  #hook: ConnectHook | undefined;
  #lastBytes: Buffer | undefined;
  #isClosed = false;
  /** The client has authenticated, or waits for its turn. */
  #isSafe = false;
  #readers: { readonly [side in Side]: FrameReader } | undefined;
  #transcript: Transcript = { challenged: false };
  #errorBody: Buffer = NOTHING;
  #nonce: string | undefined;
  #wait: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(facts: UpgradeFacts, outcomes: Outcomes, slot: Slot, limits: AuthLimits, hook?: ConnectHook) {
    this.#facts = facts;
    this.#outcomes = outcomes;
    this.#slot = slot;
    slot.isSafe = () => this.#isSafe;
    this.gatewayMessages = outcomes.gatewayMessages;
    this.#limits = limits;
    this.#hook = hook;
    this.#readers = {
      client: this.#createReader("client"),
      gateway: this.#createReader("gateway", this.gatewayMessages),
    };
  }

  onBytes(side: Side, chunk: Buffer): ChunkVerdict | Promise<ChunkVerdict> {
    this.#readers?.[side].push(chunk);
    const wait = this.#wait;
    this.#wait = undefined;
    // A client that waits for its turn is not idle.
    this.#isSafe ||= wait !== undefined;
    const verdict = (): ChunkVerdict => this.#lastBytes ?? this.#readers !== undefined;
    // The connection goes on, also if the wait fails.
    return wait ? wait.finally(() => (this.#isSafe = false)).then(verdict, verdict) : verdict();
  }

  waitForTurn(go: () => void): void {
    if (this.#facts?.source) this.#limits.attempts.handshakes.begin(this.#facts.source, go);
  }

  onResponse(status: number): void {
    // From here on a refusal cannot be sent.
    this.#slot.end = (refusal) => {
      this.onDenied(refusal, this.#transcript);
      this.#slot.socket.destroy();
    };
    if (status !== 101) {
      this.#transcript.http = { status };
      return;
    }
    // The credential in a header field was not rejected. Another may follow in a connect.
    this.#limits.attempts.settle(this.#facts?.attempt, true);
    this.#finishAfter(HANDSHAKE_MS);
  }

  onResponseContent(bytes: Buffer): void {
    if (this.#errorBody.length < ERROR_BODY_LIMIT) this.#errorBody = Buffer.concat([this.#errorBody, bytes]);
  }

  onUnreachable(failure: ConnectFailure): void {
    this.#transcript.unreachable = failure;
    this.#finish();
  }

  onDenied(refusal: Refusal, seen?: Readonly<Transcript>): void {
    const facts = this.#facts;
    this.#release();
    if (facts) this.#outcomes.denied(facts, refusal, seen);
  }

  onClosed(first: Side): void {
    // First: a user's logger may throw.
    this.#slot.release();
    this.#isClosed = true;
    this.#transcript.end ??= first;
    this.#finish();
  }

  #createReader(side: Side, budget?: ByteBudget): FrameReader {
    const listener: FrameListener = {
      onMessage: (data, isBinary) => this.#onMessage(side, data, isBinary),
      onClose: (code, reason) => {
        this.#transcript.close ??= { by: side, code, reason: printable(reason, 128) };
        // A client that sends connect and close together may still get its response.
        if (side === "client" && this.#transcript.connect && !this.#transcript.response)
          this.#finishAfter(CLOSE_MS);
        else this.#finish();
      },
      onUnreadable: (why) => this.#finishAsOther(side, `unreadable frames from the ${side}: ${why}`),
    };
    return new FrameReader(side, listener, budget);
  }

  #onMessage(side: Side, data: Buffer, isBinary: boolean): void {
    if (this.#transcript.response) return;
    if (side === "client") this.#onClientMessage(data, isBinary);
    else if (isBinary) this.#finishAsOther(side, "binary message from the gateway");
    else this.#onGatewayMessage(data);
  }

  #onClientMessage(data: Buffer, isBinary: boolean): void {
    // Later messages of the client wait for the response, and are not part of the handshake.
    if (this.#transcript.connect) return;
    // The gateway also accepts a connect in a binary message.
    const connect = readConnect(data);
    if (connect) {
      this.#transcript.connect = connect;
      this.#wait = this.#beforeConnect(connect, data);
    } else if (isBinary) this.#finishAsOther("client", "binary message from the client");
    else this.#finishAsOther("client", "the client's first message is not a connect request");
  }

  #beforeConnect(connect: ConnectRequest, frame: Buffer): Promise<void> | undefined {
    const [facts, nonce] = [this.#facts, this.#nonce];
    const hook = (): Promise<void> | undefined =>
      facts && this.#hook?.beforeConnect(facts, connect, frame, nonce);
    const proof = { deviceId: connect.deviceId, frame, nonce };
    const turn = connect.auth.length > 0 ? this.#takeTurn(proof) : undefined;
    return turn ? turn.then(hook) : hook();
  }

  /** Lets a message that may carry a credential wait for its turn, if it has to. */
  #takeTurn(proof?: DeviceProof): Promise<void> | undefined {
    const facts = this.#facts;
    if (!facts?.source) return undefined;
    const entered = this.#limits.enter(facts.source, () => !this.#isClosed, proof);
    if (!(entered instanceof Promise)) {
      facts.attempt = entered;
      return undefined;
    }
    return entered.then((result) => {
      if (isRefusal(result)) return this.#refuse(result);
      facts.attempt = result;
      return undefined;
    });
  }

  #onGatewayMessage(data: Buffer): void {
    const message = readGatewayMessage(data);
    const { connect, challenged, otherProtocol } = this.#transcript;
    if (message?.kind === "challenge") {
      this.#transcript.challenged = true;
      this.#nonce = message.nonce;
      if (otherProtocol) this.#finish();
    } else if (message?.kind === "response" && message.id === connect?.id) {
      this.#transcript.response = message.response;
      if (!message.response.ok) return this.#finishAfter(CLOSE_MS);
      this.#isSafe = true;
      this.#finish();
    } else if (!message || !challenged) {
      this.#finishAsOther("gateway", "the gateway's first message is not a challenge");
    }
  }

  /** A gateway sends its challenge first; without one the client's message was not for a gateway. */
  #finishAsOther(by: Side, reason: string): void {
    if (by === "client" && !this.#transcript.connect) this.#wait = this.#takeTurn();
    this.#transcript.otherProtocol ??= { by, reason };
    if (by === "client" && !this.#transcript.challenged) this.#readers?.client.stop();
    else this.#finish();
  }

  #finishAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#transcript.end ??= "deadline";
      this.#finish();
    }, ms).unref();
  }

  #finish(): void {
    const [facts, transcript] = [this.#facts, this.#transcript];
    if (!facts) return;
    const { http } = transcript;
    if (http) transcript.http = withoutUndefined({ ...http, type: readErrorType(this.#errorBody) });
    this.#release();
    this.#outcomes.observed(facts, transcript);
  }

  /** Ends the connection with the chunk that waits. A close frame is sent between two frames of the gateway only. */
  async #refuse(refusal: Refusal): Promise<void> {
    const { closeFrame } = await import("../server/close-frame.ts");
    const { reason, frame } = closeFrame(TRY_AGAIN_LATER, refusal.message);
    this.#lastBytes = this.#readers?.gateway.isBetweenFrames ? frame : NOTHING;
    const [facts, transcript] = [this.#facts, this.#transcript];
    this.#release();
    const close = { by: "gateway" as const, code: TRY_AGAIN_LATER, reason };
    if (facts) this.#outcomes.denied(facts, refusal, { ...transcript, close });
  }

  /** Stops reading and releases what only the handshake needs. */
  #release(): void {
    clearTimeout(this.#timer);
    if (this.#facts?.source) this.#limits.attempts.handshakes.end(this.#facts.source);
    this.#readers?.client.stop();
    this.#readers?.gateway.stop();
    this.#facts = this.#hook = this.#readers = this.#nonce = this.#timer = undefined;
    this.#transcript = { challenged: false };
    this.#errorBody = NOTHING;
  }
}
