import type { ConnectFailure } from "../errors.ts";
import { readConnect, readErrorType, readGatewayMessage, type ConnectRequest } from "../openclaw/protocol.ts";
import { printable } from "../text/printable.ts";
import type { Side } from "../upstream/splice.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Transcript } from "./transcript.ts";

/** Deadline of a handshake, in ms; the gateway has a shorter one. */
const HANDSHAKE_MS = 30_000;
/** After a refusal the gateway closes; its close code belongs to the outcome if it arrives in this time, in ms. */
const CLOSE_MS = 1_000;
const ERROR_BODY_LIMIT = 8 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Is called with a `connect` before the gateway gets it; the frame waits for the promise, which must resolve soon.
 *
 * @param frame the `connect` as received
 * @param nonce the gateway's challenge on this connection
 */
export type BeforeConnect = (
  connect: ConnectRequest,
  frame: Buffer,
  nonce: string | undefined,
) => Promise<void> | undefined;

/**
 * Reads the handshake of one upgrade from a copy of its bytes, and reports once when it is over. From then on it reads
 * nothing. If reading fails, the connection goes on.
 */
export class HandshakeObserver {
  #transcript: Transcript = { challenged: false };
  #onOver: ((transcript: Readonly<Transcript>) => void) | undefined;
  #readers: { readonly [side in Side]: FrameReader } | undefined;
  #errorBody: Buffer = NOTHING;
  readonly #beforeConnect: BeforeConnect | undefined;
  #wait: Promise<void> | undefined;
  #nonce: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOver is called once, with what was seen */
  constructor(onOver: (transcript: Readonly<Transcript>) => void, beforeConnect?: BeforeConnect) {
    this.#onOver = onOver;
    this.#beforeConnect = beforeConnect;
    this.#readers = { client: this.#createReader("client"), gateway: this.#createReader("gateway") };
  }

  /** Reads bytes of one side. Returns false if it needs no more of them; a promise holds them until it resolves. */
  onBytes(side: Side, chunk: Buffer): boolean | Promise<boolean> {
    this.#readers?.[side].push(chunk);
    const wait = this.#wait;
    this.#wait = undefined;
    const more = (): boolean => this.#readers !== undefined;
    // The connection goes on, also if the wait fails.
    return wait ? wait.then(more, more) : more();
  }

  onResponse(status: number): void {
    if (status === 101) this.#finishAfter(HANDSHAKE_MS);
    else this.#transcript.http = { status };
  }

  onResponseContent(bytes: Buffer): void {
    if (this.#errorBody.length < ERROR_BODY_LIMIT) this.#errorBody = Buffer.concat([this.#errorBody, bytes]);
  }

  onUnreachable(failure: ConnectFailure): void {
    this.#transcript.unreachable = failure;
    this.#finish();
  }

  onClosed(first: Side): void {
    this.#transcript.end ??= first;
    this.#finish();
  }

  #createReader(side: Side): FrameReader {
    return new FrameReader(side, {
      onMessage: (data, isBinary) => this.#onMessage(side, data, isBinary),
      onClose: (code, reason) => {
        this.#transcript.close ??= { by: side, code, reason: printable(reason, 128) };
        // A client that sends connect and close together may still get its response.
        if (side === "client" && this.#transcript.connect && !this.#transcript.response)
          this.#finishAfter(CLOSE_MS);
        else this.#finish();
      },
      onUnreadable: (why) => this.#finishAsOther(side, `unreadable frames from the ${side}: ${why}`),
    });
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
    if (!connect) {
      const what = isBinary
        ? "binary message from the client"
        : "the client's first message is not a connect request";
      this.#finishAsOther("client", what);
      return;
    }
    this.#transcript.connect = connect;
    this.#wait = this.#beforeConnect?.(connect, data, this.#nonce);
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
      if (message.response.ok) this.#finish();
      else this.#finishAfter(CLOSE_MS);
    } else if (!message || !challenged) {
      this.#finishAsOther("gateway", "the gateway's first message is not a challenge");
    }
  }

  /** A gateway sends its challenge first; without one the client's message was not for a gateway. */
  #finishAsOther(by: Side, reason: string): void {
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

  /** Stops reading, without a report. */
  stop(): void {
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
    this.stop();
    if (http && type !== undefined) http.type = type;
    onOver?.(transcript);
  }
}
