import { Agent } from "node:http";
import { Duplex } from "node:stream";
import type { Dialer } from "./dial.ts";

/** Lets Node's HTTP client reach the gateway by the dialer, which does the TLS and checks a pinned certificate. */
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
    this.#dialer.dial(0, (result) => {
      if ("socket" in result) {
        callback?.(null, result.socket);
      } else {
        const { code, message } = result.failure;
        // Node looks at the stream only where there is no error; its types ask for one all the same.
        callback?.(Object.assign(new Error(message), { code }), new Duplex());
      }
    });
  }
}
