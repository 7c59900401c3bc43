import { refuse, type ConnectFailure, type Refusal } from "../errors.ts";
import { readConnect, readGatewayMessage, type ConnectRequest } from "../openclaw/protocol.ts";
import { FrameReader } from "../outcome/frame-reader.ts";
import type { UpgradeSession } from "../outcome/upgrade-session.ts";
import { closeFrame } from "../server/close-frame.ts";
import type { ChunkVerdict, Side } from "../upstream/splice.ts";
import type { UpgradeListener } from "../upstream/websocket-upgrade.ts";
import type { ScopeCeiling } from "./scope-ceiling.ts";

const POLICY_VIOLATION = 1008;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Guards one handshake for a ceiling. A session only observes, and reads on as long as it can; a guard forwards only
 * what it has understood. Until the gateway's hello-ok, one `connect` that the ceiling allows passes, and no other
 * message of the client.
 */
export class HandshakeGuard implements UpgradeListener {
  readonly #session: UpgradeSession;
  readonly #ceiling: ScopeCeiling;
  readonly #readers: { readonly [side in Side]: FrameReader };
  #connect: ConnectRequest | undefined;
  /** What the last chunk was found to be. */
  #found: Promise<Refusal | undefined> | Refusal | undefined;
  /** The client has sent a close frame: nothing may follow. */
  #isClosed = false;
  #isChallenged = false;
  /** The gateway has refused the connect. */
  #isRefused = false;
  #isOpen = false;
  #lastBytes: Buffer | undefined;

  constructor(session: UpgradeSession, ceiling: ScopeCeiling) {
    this.#session = session;
    this.#ceiling = ceiling;
    const onUnreadable = (why: string): void => this.#refuse(`unreadable frames: ${why}`);
    this.#readers = {
      client: new FrameReader("client", {
        onMessage: (data) => this.#onClientMessage(data),
        onClose: () => {
          this.#isClosed = true;
          // Gateways ignore it. The reader has stopped, so it would pass unread.
          if (!this.#readers.client.isBetweenFrames) this.#refuse("bytes after a close frame");
        },
        onUnreadable,
      }),
      gateway: new FrameReader(
        "gateway",
        {
          onMessage: (data, isBinary) => this.#onGatewayMessage(data, isBinary),
          onClose: () => {},
          onUnreadable,
        },
        session.gatewayMessages,
      ),
    };
  }

  onBytes(side: Side, chunk: Buffer): ChunkVerdict | Promise<ChunkVerdict> {
    if (this.#isOpen) return this.#session.onBytes(side, chunk);
    if (this.#isClosed && side === "client") this.#lastBytes ??= NOTHING;
    if (this.#lastBytes) return this.#lastBytes;
    this.#readers[side].push(chunk);
    const found = this.#found;
    this.#found = undefined;
    if (!(found instanceof Promise)) return this.#decide(side, chunk, found);
    return found.then((refusal) => this.#decide(side, chunk, refusal));
  }

  waitForTurn(go: () => void): void {
    this.#session.waitForTurn(go);
  }

  onResponse(status: number): void {
    this.#session.onResponse(status);
  }

  onResponseContent(bytes: Buffer): void {
    this.#session.onResponseContent(bytes);
  }

  onUnreachable(failure: ConnectFailure): void {
    this.#session.onUnreachable(failure);
  }

  onDenied(refusal: Refusal): void {
    this.#session.onDenied(refusal);
  }

  onClosed(first: Side): void {
    this.#session.onClosed(first);
  }

  #onClientMessage(data: Buffer): void {
    if (this.#connect) return this.#refuse("a message before the response to connect");
    this.#connect = readConnect(data);
    if (!this.#connect) return this.#refuse("the client's first message is not a connect request");
    const checked = this.#ceiling.checkConnect(data);
    if (checked instanceof Promise) this.#found = checked;
    else if (checked) this.#refuse(checked);
  }

  #onGatewayMessage(data: Buffer, isBinary: boolean): void {
    const message = isBinary ? undefined : readGatewayMessage(data);
    this.#isChallenged ||= message?.kind === "challenge";
    if (!message || !this.#isChallenged) return this.#refuse("the gateway does not speak its protocol");
    if (message.kind !== "response" || message.id !== this.#connect?.id) return;
    if (this.#isRefused) return this.#refuse("a second response to connect");
    this.#isRefused = !message.response.ok;
    const refusal = this.#ceiling.checkResponse(this.#connect, message.response);
    if (refusal) return this.#refuse(refusal);
    this.#isOpen ||= message.response.ok;
  }

  /** Nothing of the chunk is read after that: a later message must not replace the refusal. */
  #refuse(what: Refusal | string): void {
    if (this.#isOpen) return;
    this.#found = typeof what === "string" ? refuse("scope_ceiling", what) : what;
    this.#stop();
  }

  #stop(): void {
    for (const reader of Object.values(this.#readers)) reader.stop();
  }

  #decide(side: Side, chunk: Buffer, refusal: Refusal | undefined): ChunkVerdict | Promise<ChunkVerdict> {
    if (this.#lastBytes) return this.#lastBytes;
    if (refusal) return this.#end(side, refusal);
    const verdict = this.#session.onBytes(side, chunk);
    if (this.#isOpen) {
      this.#stop();
      return verdict;
    }
    return verdict instanceof Promise ? verdict.then(orMore) : orMore(verdict);
  }

  #end(side: Side, refusal: Refusal): Buffer {
    const { reason, frame } = closeFrame(POLICY_VIOLATION, refusal.message);
    // Between two frames only; of a hello-ok that is refused, the client may have a part.
    const isPossible = side === "client" && this.#readers.gateway.isBetweenFrames;
    this.#lastBytes = isPossible ? frame : NOTHING;
    const close = { by: "gateway" as const, code: POLICY_VIOLATION, reason };
    this.#session.onDenied(refusal, {
      challenged: true,
      close,
      ...(this.#connect && { connect: this.#connect }),
    });
    return this.#lastBytes;
  }
}

/** Returns what to do with a chunk of which the session has enough, and the guard has not. */
function orMore(verdict: ChunkVerdict): ChunkVerdict {
  return typeof verdict === "object" ? verdict : true;
}
