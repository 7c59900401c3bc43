import { Agent } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { ConnectFailure } from "../errors.ts";
import type { GatewayAddress } from "../settings/settings.ts";

/** The deadline of one attempt: the gateway is on this machine, or near. */
const ATTEMPT_MS = 5_000;
/** A gateway that boots refuses connections until it listens; retry this often. */
const RETRY_MS = 100;
const KEEP_ALIVE_MS = 30_000;
/** Codes of failures that no retry can fix: a wrong certificate, a bad address. */
const FINAL = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ENOTFOUND|EACCES|EPERM/;

/** A connection that is ready, its TLS verified; or why there is none. */
export type DialResult = { readonly socket: Socket } | { readonly failure: ConnectFailure };

/** Opens connections to the one gateway. */
export interface Dialer {
  /**
   * Connects, and retries while the gateway is not up yet.
   *
   * @param holdMs how long to retry; 0 means one attempt
   * @param done called once, unless the returned function was called before
   * @returns a function that cancels the attempt and releases all it used
   */
  dial(holdMs: number, done: (result: DialResult) => void): () => void;
}

/** How to open one connection to the gateway. */
export interface Connector {
  readonly readyEvent: "connect" | "secureConnect";
  open(): Socket;
  /** Returns why the connected socket must not be used. */
  verify(socket: Socket): ConnectFailure | undefined;
}

/** Creates the dialer of one shim. `onFailure` is called with the failure of every attempt that failed. */
export async function createDialer(
  gateway: GatewayAddress,
  onFailure: (failure: ConnectFailure) => void,
): Promise<Dialer> {
  const connector = await connectorFor(gateway);
  return {
    dial(holdMs, done) {
      const deadline = performance.now() + holdMs;
      let cancel = attempt();

      function attempt(): () => void {
        return attemptOnce(connector, (result) => {
          const failure = "failure" in result ? result.failure : undefined;
          if (failure) onFailure(failure);
          if (!failure || FINAL.test(failure.code) || performance.now() + RETRY_MS > deadline) {
            // From here on the socket belongs to the caller: there is nothing left to cancel.
            cancel = () => {};
            return done(result);
          }
          const retry = setTimeout(() => {
            cancel = attempt();
          }, RETRY_MS);
          cancel = () => clearTimeout(retry);
        });
      }

      return () => cancel();
    },
  };
}

/** Loads TLS only for a `wss://` gateway. */
async function connectorFor(gateway: GatewayAddress): Promise<Connector> {
  if (gateway.tls) return (await import("./tls-connector.ts")).tlsConnector(gateway);
  const { host, port } = gateway;
  // For a loopback gateway the system chooses a loopback source: 127.0.0.1, or ::1 for [::1].
  return { readyEvent: "connect", open: () => connectTcp({ host, port }), verify: () => undefined };
}

function attemptOnce(connector: Connector, done: (result: DialResult) => void): () => void {
  const socket = connector.open();
  const timer = setTimeout(() => {
    fail({ code: "TIMEOUT", message: `no connection within ${ATTEMPT_MS} ms` });
  }, ATTEMPT_MS);
  socket.on("error", onError);
  socket.on(connector.readyEvent, onReady);

  function onError({ code = "ERROR", message }: NodeJS.ErrnoException): void {
    fail({ code, message });
  }

  function onReady(): void {
    const failure = connector.verify(socket);
    if (failure) return fail(failure);
    release();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    done({ socket });
  }

  function fail(failure: ConnectFailure): void {
    cancel();
    done({ failure });
  }

  function cancel(): void {
    release();
    // An error event without a listener would end the process.
    socket.on("error", () => {});
    socket.destroy();
  }

  function release(): void {
    clearTimeout(timer);
    socket.off("error", onError);
    socket.off(connector.readyEvent, onReady);
  }

  return cancel;
}

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
    this.#dialer.dial(0, (result) => {
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
