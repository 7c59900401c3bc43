import { once } from "node:events";
import { WebSocket } from "ws";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../../support/client.ts";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import { pageBuild } from "../matrix/run.ts";

const DEADLINE_MS = 15_000;

/** A gateway, real or fake, behind a shim that only the scenarios use. */
export interface Target {
  /** The shim's own origin. */
  readonly origin: string;
  /** The build id of the gateway's own page. */
  readonly buildId: string | undefined;
  /** Does a handshake with the gateway's token, by default as a CLI without a device. */
  connect(options?: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** Does a handshake without the token. */
  connectWithout(options: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** Sends one text after each message of the gateway, then disconnects or waits for the close. */
  exchange(texts: readonly string[], options?: { path?: string; disconnect?: boolean }): Promise<void>;
  /** Returns the outcomes since the last call, one for each connection. */
  outcomes(): Promise<Outcome[]>;
}

/** A shim that no other target uses. */
export interface TargetShim {
  readonly port: number;
  /** Resolves with outcome number `index`. */
  outcome(index: number): Promise<Outcome>;
}

/** One kind of handshake, with devices of its own. The order matters only for counted failures. */
export type Scenario = (target: Target) => Promise<unknown>;

/** Opens a gateway behind a shim for scenarios. */
export async function openTarget(
  { port, token }: { readonly port: number; readonly token: string },
  shim: TargetShim,
): Promise<Target> {
  const authority = `127.0.0.1:${shim.port}`;
  const url = `ws://${authority}`;
  const buildId = await pageBuild({ port, token });
  let made = 0;
  let reported = 0;
  return {
    origin: `http://${authority}`,
    buildId,
    connect: (options) => {
      made += 1;
      return handshake({ url, token, ...options });
    },
    connectWithout: (options) => {
      made += 1;
      return handshake({ url, ...options });
    },
    exchange: async (texts, { path = "/", disconnect = false } = {}) => {
      made += 1;
      await sendTexts(new WebSocket(`${url}${path}`), texts, disconnect);
    },
    outcomes: async () => {
      const since: Outcome[] = [];
      for (; reported < made; reported += 1) since.push(await shim.outcome(reported));
      return since;
    },
  };
}

async function sendTexts(socket: WebSocket, texts: readonly string[], disconnect: boolean): Promise<void> {
  const unsent = [...texts];
  socket.on("message", () => {
    const text = unsent.shift();
    if (text !== undefined) socket.send(text);
    else if (disconnect) socket.terminate();
  });
  // A refused upgrade emits an error before its close.
  socket.on("error", () => {});
  await once(socket, "close", { signal: AbortSignal.timeout(DEADLINE_MS) });
}
