import { Agent } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { ConnectFailure } from "../errors.ts";
import type { GatewayAddress } from "../settings/settings.ts";

/** The deadline of one attempt: the gateway is on this machine, or near. */
const ATTEMPT_MS = 5_000;
/** A gateway that boots refuses connections until it listens; retry this often. */
const RETRY_MS = 100;
const KEEP_ALIVE_MS = 30_000;

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

/** Is called after every attempt, with its failure if it failed. */
export type ReachabilityListener = (failure: ConnectFailure | undefined) => void;

type Connect = (gateway: GatewayAddress) => Socket;

/** Creates the dialer of one shim. TLS is loaded only for a `wss://` gateway. */
export async function createDialer(
  gateway: GatewayAddress,
  onReachability: ReachabilityListener,
): Promise<Dialer> {
  const connect = gateway.tls ? await tlsConnector() : plainConnector;
  return {
    dial(holdMs, done) {
      const deadline = performance.now() + holdMs;
      let cancel = attempt();

      function attempt(): () => void {
        return attemptOnce(connect, gateway, (result) => {
          const failure = "failure" in result ? result.failure : undefined;
          onReachability(failure);
          if (!failure || isFinal(failure) || performance.now() + RETRY_MS > deadline) {
            // From here on the socket belongs to the caller: there is nothing left to cancel.
            cancel = () => {};
            done(result);
            return;
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

function plainConnector(gateway: GatewayAddress): Socket {
  // For a loopback gateway the system chooses a loopback source: 127.0.0.1, or ::1 for [::1].
  return connectTcp({ host: gateway.host, port: gateway.port });
}

async function tlsConnector(): Promise<Connect> {
  const tls = await import("node:tls");
  return ({ host, port, fingerprint }) =>
    tls.connect({
      host,
      port,
      // RFC 6066 section 3: no IP literal in SNI; a name is sent so that a shared TLS port can answer.
      ...(/[a-z]/i.test(host) && !host.includes(":") && { servername: host }),
      // The pin replaces the chain: OpenClaw's certificate is self-signed. attemptOnce checks it before use.
      rejectUnauthorized: fingerprint === undefined,
      ALPNProtocols: ["http/1.1"],
    });
}

function attemptOnce(
  connect: Connect,
  gateway: GatewayAddress,
  done: (result: DialResult) => void,
): () => void {
  const socket = connect(gateway);
  const timer = setTimeout(() => {
    settle({ failure: { code: "TIMEOUT", message: `no connection within ${ATTEMPT_MS} ms` } });
  }, ATTEMPT_MS);

  function settle(result: DialResult): void {
    release();
    if ("failure" in result) discard(socket);
    done(result);
  }

  function release(): void {
    clearTimeout(timer);
    socket.off("error", onError);
    socket.off("connect", onReady);
    socket.off("secureConnect", onReady);
  }

  function onError(error: NodeJS.ErrnoException): void {
    settle({ failure: { code: error.code ?? "ERROR", message: error.message } });
  }

  function onReady(): void {
    const failure = gateway.fingerprint ? checkFingerprint(socket, gateway.fingerprint) : undefined;
    if (failure) {
      settle({ failure });
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    settle({ socket });
  }

  socket.on("error", onError);
  socket.on(gateway.tls ? "secureConnect" : "connect", onReady);
  return () => {
    release();
    discard(socket);
  };
}

function discard(socket: Socket): void {
  // An error event without a listener would end the process.
  socket.on("error", () => {});
  socket.destroy();
}

function checkFingerprint(socket: Socket, expected: string): ConnectFailure | undefined {
  const certificate = isTls(socket) ? socket.getPeerX509Certificate() : undefined;
  const actual = certificate?.fingerprint256.replaceAll(":", "").toLowerCase();
  if (actual === expected) return undefined;
  return {
    code: "CERT_FINGERPRINT_MISMATCH",
    message: `the gateway's certificate is sha256:${actual ?? "none"}, not the pinned sha256:${expected}`,
  };
}

function isTls(socket: Socket): socket is TLSSocket {
  return "getPeerX509Certificate" in socket;
}

/** Returns true for a failure that no retry can fix: a wrong certificate, a bad address. */
function isFinal({ code }: ConnectFailure): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ENOTFOUND|EACCES|EPERM/.test(code);
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
