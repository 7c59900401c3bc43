import { Socket } from "node:net";
import type { ConnectFailure } from "../errors.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import type { HeldRequests } from "./held-requests.ts";

/** The deadline of one attempt: the gateway is on this machine, or near. */
const ATTEMPT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;

/** A connection that is ready, its TLS verified; or why there is none. */
export type DialResult = { readonly socket: Socket } | { readonly failure: ConnectFailure };

/** Whether a request may wait for a gateway that is not up yet. */
export interface Hold {
  /** How long; 0 means one attempt. */
  readonly holdMs: number;
  /** The id of the client's connection. */
  readonly conn: string;
}
export const NO_HOLD: Hold = { holdMs: 0, conn: "" };

/** Opens connections to the one gateway. */
export interface Dialer {
  /**
   * Connects. While the gateway is not up yet, the request waits with all others for one shared attempt.
   *
   * @param done called once, unless the returned function was called before
   * @returns a function that cancels the attempt and releases all it used
   */
  dial(hold: Hold, done: (result: DialResult) => void): () => void;
  /** Lets the next request that waited go on after one whose handshake is over. */
  handshakeOver(conn: string): void;
  /** Returns the number of requests that have waited, since start. */
  heldRequests(): number;
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
  // Loaded at the first failure.
  let held: HeldRequests | undefined;
  const attempt = (done: (result: DialResult) => void): (() => void) =>
    attemptOnce(connector, (result) => {
      if ("failure" in result) {
        onFailure(result.failure);
        void loadHeld();
      }
      held?.note(result);
      done(result);
    });
  const loadHeld = async (): Promise<HeldRequests> => {
    const loaded = await import("./held-requests.ts");
    return (held ??= new loaded.HeldRequests(attempt));
  };
  return {
    dial({ holdMs, conn }, done) {
      const request = { deadline: performance.now() + holdMs, conn, done };
      if (holdMs > 0 && held?.isNeeded) return held.add(request);
      let isCanceled = false;
      let cancel = attempt((result) => {
        cancel = () => (isCanceled = true);
        if ("socket" in result || holdMs === 0) return done(result);
        void loadHeld().then((line) => isCanceled || (cancel = line.add(request, result)));
      });
      return () => cancel();
    },
    handshakeOver: (conn) => held?.endTurn(conn),
    heldRequests: () => held?.total ?? 0,
  };
}

/** Loads TLS only for a `wss://` gateway. */
async function connectorFor(gateway: GatewayAddress): Promise<Connector> {
  if (gateway.tls) return (await import("./tls-connector.ts")).tlsConnector(gateway);
  const { host, port } = gateway;
  // For a loopback gateway the system chooses a loopback source: 127.0.0.1, or ::1 for [::1].
  return { readyEvent: "connect", open: () => new Socket().connect({ host, port }), verify: () => undefined };
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
