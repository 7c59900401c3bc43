import { connect as connectTcp, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { GatewayAddress } from "../settings/settings.ts";

/** One attempt may take this long: the gateway is on this machine, or near. */
const ATTEMPT_MS = 5_000;
/** A gateway that boots refuses connections until it listens; ask again this often. */
const RETRY_MS = 100;
const KEEP_ALIVE_MS = 30_000;

/** Why there is no connection to the gateway. */
export interface DialFailure {
  /** A system error such as `ECONNREFUSED`, `CERT_FINGERPRINT_MISMATCH`, or `TIMEOUT`. */
  readonly code: string;
  readonly message: string;
}

/** A connection whose TLS, where there is any, is checked and ready; or why there is none. */
export type DialResult = { readonly socket: Socket } | { readonly failure: DialFailure };

/** Opens connections to the one gateway. */
export interface Dialer {
  /**
   * Connects, trying again while the gateway is not up yet.
   *
   * @param holdMs how long to go on trying; 0 means one attempt
   * @param done called once, unless the returned function was called before
   * @returns gives up; nothing stays behind
   */
  dial(holdMs: number, done: (result: DialResult) => void): () => void;
}

/** Hears of every attempt: whether the gateway was there. */
export type ReachabilityListener = (failure: DialFailure | undefined) => void;

type Connect = (gateway: GatewayAddress) => Socket;

/** Makes the dialer of one shim. TLS is only loaded for a `wss://` gateway. */
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
            // From here on the socket is the caller's: there is nothing left to give up.
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
  // For a loopback gateway the system picks a loopback source: 127.0.0.1, or ::1 for [::1].
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
  // What a socket says after it was given up is nobody's business, but unheard it would end the process.
  socket.on("error", () => {});
  socket.destroy();
}

function checkFingerprint(socket: Socket, expected: string): DialFailure | undefined {
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

/** No waiting mends a wrong certificate or a bad address. */
function isFinal({ code }: DialFailure): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_|ENOTFOUND|EACCES|EPERM/.test(code);
}
