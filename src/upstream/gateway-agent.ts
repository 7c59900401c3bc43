import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { NO_HOLD, type Dialer } from "./dial.ts";

/** Connects Node's HTTP client to the gateway with the dialer, which does the TLS and checks a pinned certificate. */
export class GatewayAgent extends Agent {
  readonly #dialer: Dialer;

  constructor(dialer: Dialer) {
    super({ keepAlive: false });
    this.#dialer = dialer;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#dialer.dial(NO_HOLD, (result) => {
      if ("socket" in result) {
        callback?.(null, result.socket);
      } else {
        const { code, message } = result.failure;
        // Node ignores the stream if there is an error, but its types require one.
        callback?.(Object.assign(new Error(message), { code }), new Duplex());
      }
    });
  }
}
