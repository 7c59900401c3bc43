import { connect, type Socket } from "node:net";
import { CHALLENGE, CONNECT, HELLO_OK, messageOf, upgradeRequest, type MessageSizes } from "./wire.ts";

// All clients read into one buffer: bytes are counted, not stored.
const shared = Buffer.allocUnsafe(256 * 1024);
const messages = new Map<number, Buffer>();

/** Options of one client. */
export interface ClientOptions {
  readonly port: number;
  readonly sizes: MessageSizes;
  /** True if the client sends the headers of a header-injecting proxy. */
  readonly proxied: boolean;
}

/** Connects to a port of 127.0.0.1. `read` is called with the received bytes, which are valid during the call. */
export function connectReading(port: number, read: (bytes: Buffer) => void): Socket {
  return connect({
    host: "127.0.0.1",
    port,
    noDelay: true,
    onread: {
      buffer: shared,
      callback: (length, buffer) => {
        read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    },
  });
}

/** One WebSocket client. It counts bytes and parses only the end of the response head. */
export class Client {
  /** Called for each complete message received. */
  onMessage: () => void = () => {};
  readonly #socket: Socket;
  readonly #message: Buffer;
  readonly #fail: (error: Error) => void;
  #state: "head" | "challenge" | "hello" | "messages" | "closed" = "head";
  #head = "";
  #expected: number = CHALLENGE.length;
  #received = 0;

  /**
   * @param onReady called after hello-ok
   * @param onFail called if the connection ends before `end` was called
   */
  constructor(options: ClientOptions, onReady: () => void, onFail: (error: Error) => void) {
    const { port, sizes, proxied } = options;
    this.#message = messages.get(sizes.up) ?? messageOf(sizes.up, "client");
    messages.set(sizes.up, this.#message);
    this.#fail = onFail;
    this.#socket = connectReading(port, (bytes) => this.#read(bytes, sizes.down, onReady));
    this.#socket.on("error", (error) => this.#ended(error.message));
    this.#socket.on("close", () => this.#ended("closed"));
    this.#socket.write(upgradeRequest(port, sizes, proxied));
  }

  send(): void {
    this.#socket.write(this.#message);
  }

  /** Closes the connection; resolves when both sides have closed. */
  end(): Promise<void> {
    this.#state = "closed";
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once("close", () => resolve()).end();
    });
  }

  #read(bytes: Buffer, down: number, onReady: () => void): void {
    if (this.#state === "closed") return;
    if (this.#state === "head") {
      this.#head += bytes.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end === -1) return;
      if (!this.#head.startsWith("HTTP/1.1 101 ")) return;
      this.#state = "challenge";
      this.#received = this.#head.length - end - 4;
    } else {
      this.#received += bytes.length;
    }
    if (this.#state === "challenge" && this.#received >= this.#expected) {
      this.#next("hello", HELLO_OK.length);
      this.#socket.write(CONNECT);
    }
    if (this.#state === "hello" && this.#received >= this.#expected) {
      this.#next("messages", down);
      onReady();
    }
    while (this.#state === "messages" && this.#received >= this.#expected) {
      this.#received -= this.#expected;
      this.onMessage();
    }
  }

  #next(state: "hello" | "messages", expected: number): void {
    this.#received -= this.#expected;
    this.#expected = expected;
    this.#state = state;
  }

  #ended(why: string): void {
    if (this.#state === "closed") return;
    const response = this.#state === "head" && this.#head !== "" ? `: ${this.#head.slice(0, 400)}` : "";
    this.#fail(new Error(`connection ended while waiting for ${this.#state} (${why})${response}`));
    this.#state = "closed";
  }
}
