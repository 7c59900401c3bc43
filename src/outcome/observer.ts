import type { DialFailure } from "../upstream/dial.ts";
import type { Side } from "../upstream/splice.ts";
import type { UpgradeListener } from "../upstream/websocket-upgrade.ts";
import { printable } from "../text/printable.ts";
import { FrameReader } from "./frame-reader.ts";
import { isSignedConnect } from "../openclaw/device.ts";
import { readConnect, readErrorType, readGatewayMessage, type ConnectRequest } from "../openclaw/protocol.ts";
import type { Transcript } from "./transcript.ts";

/** A handshake that is not over by then is judged as it stands; the gateway itself gives up earlier. */
const HANDSHAKE_MS = 30_000;
/** After a refusal the gateway closes; its close code belongs to the outcome, if it comes so soon. */
const CLOSE_MS = 1_000;
const ERROR_BODY_LIMIT = 8 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Sees a `connect` before the gateway does; it may wait for what is returned, which must resolve soon.
 *
 * @param isSigned whether the device that it names has signed it, with this connection's nonce
 */
export type BeforeConnect = (connect: ConnectRequest, isSigned: () => boolean) => Promise<void> | undefined;

/**
 * Reads one upgrade beside the relay and says when its handshake is over, exactly once. From then on it reads
 * nothing more. If reading fails, the connection goes on.
 */
export class PairingObserver implements UpgradeListener {
  readonly taps = {
    client: (chunk: Buffer): boolean | Promise<boolean> => this.#read("client", chunk),
    gateway: (chunk: Buffer): boolean | Promise<boolean> => this.#read("gateway", chunk),
  };
  #transcript: Transcript = { challenged: false };
  /** Both are let go at the end of the handshake: a connection may live for weeks after it. */
  #onOver: ((transcript: Readonly<Transcript>) => void) | undefined;
  #readers: { readonly [side in Side]: FrameReader } | undefined;
  #errorBody: Buffer = NOTHING;
  readonly #beforeConnect: BeforeConnect | undefined;
  #wait: Promise<void> | undefined;
  #nonce: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOver hears what was seen, once */
  constructor(onOver: (transcript: Readonly<Transcript>) => void, beforeConnect?: BeforeConnect) {
    this.#onOver = onOver;
    this.#beforeConnect = beforeConnect;
    this.#readers = { client: this.#createReader("client"), gateway: this.#createReader("gateway") };
  }

  onAnswer(status: number): void {
    if (status === 101) this.#finishAfter(HANDSHAKE_MS);
    else this.#transcript.http = { status };
  }

  onAnswerContent(bytes: Buffer): void {
    if (this.#errorBody.length < ERROR_BODY_LIMIT) this.#errorBody = Buffer.concat([this.#errorBody, bytes]);
  }

  onUnreachable(failure: DialFailure): void {
    this.#transcript.unreachable = failure;
    this.#finish();
  }

  /** The shim's own refusal is reported as it is: there is nothing to judge. */
  onDenied(): void {
    this.#stop();
  }

  onClosed(first: Side): void {
    this.#transcript.end ??= first;
    this.#finish();
  }

  #read(side: Side, chunk: Buffer): boolean | Promise<boolean> {
    this.#readers?.[side].push(chunk);
    const wait = this.#wait;
    this.#wait = undefined;
    const more = (): boolean => this.#readers !== undefined;
    // Whatever became of the wait: the connection goes on.
    return wait ? wait.then(more, more) : more();
  }

  #createReader(side: Side): FrameReader {
    return new FrameReader(side, {
      onMessage: (data, isBinary) => this.#onMessage(side, data, isBinary),
      onClose: (code, reason) => {
        this.#transcript.close ??= { by: side, code, reason: printable(reason, 128) };
        // A client that asks and closes in one breath may still get its answer.
        if (side === "client" && this.#transcript.connect && !this.#transcript.answer)
          this.#finishAfter(CLOSE_MS);
        else this.#finish();
      },
      onUnreadable: (why) => this.#finishAsForeign(side, `unreadable frames from the ${side}: ${why}`),
    });
  }

  #onMessage(side: Side, data: Buffer, isBinary: boolean): void {
    if (this.#transcript.answer) return;
    if (side === "client") this.#onClientMessage(data, isBinary);
    else if (isBinary) this.#finishAsForeign(side, "binary message from the gateway");
    else this.#onGatewayMessage(data);
  }

  #onClientMessage(data: Buffer, isBinary: boolean): void {
    // What a client sends after its connect waits for the answer; it is none of the handshake's.
    if (this.#transcript.connect) return;
    // The gateway does not ask whether a connect came as text.
    const connect = readConnect(data);
    if (!connect) {
      const what = isBinary
        ? "binary message from the client"
        : "the client's first message is no connect request";
      this.#finishAsForeign("client", what);
      return;
    }
    this.#transcript.connect = connect;
    this.#wait = this.#beforeConnect?.(connect, () => isSignedConnect(data, this.#nonce));
  }

  #onGatewayMessage(data: Buffer): void {
    const message = readGatewayMessage(data);
    const { connect, challenged, foreign } = this.#transcript;
    if (message?.kind === "challenge") {
      this.#transcript.challenged = true;
      this.#nonce = message.nonce;
      if (foreign !== undefined) this.#finish();
    } else if (message?.kind === "response" && message.id === connect?.id) {
      this.#transcript.answer = message.response;
      if (message.response.ok) this.#finish();
      else this.#finishAfter(CLOSE_MS);
    } else if (!message || !challenged) {
      this.#finishAsForeign("gateway", "the gateway's first message is no challenge");
    }
  }

  /** Whether a client's message was one to the gateway at all, its challenge tells: the first that a gateway says. */
  #finishAsForeign(by: Side, why: string): void {
    this.#transcript.foreign ??= why;
    this.#transcript.foreignBy ??= by;
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

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onOver = undefined;
    this.#readers?.client.stop();
    this.#readers?.gateway.stop();
    this.#readers = undefined;
    this.#transcript = { challenged: false };
    this.#nonce = undefined;
    this.#errorBody = NOTHING;
  }

  #finish(): void {
    const [onOver, transcript] = [this.#onOver, this.#transcript];
    const { http } = transcript;
    const type = http && readErrorType(this.#errorBody);
    this.#stop();
    if (http && type !== undefined) http.type = type;
    onOver?.(transcript);
  }
}
