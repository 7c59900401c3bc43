import { once } from "node:events";
import { WebSocket } from "ws";
import { handshake } from "../../../src/openclaw/connect.ts";
import type { HandshakeOptions, HandshakeResult } from "../../../src/openclaw/connect.ts";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import { pageBuild } from "../matrix/run.ts";

const DEADLINE_MS = 15_000;

/** A gateway behind a shim of its own, as the scenarios use it: a real one, or the fake gateway. */
export interface Target {
  /** The shim's, as a page of it knows it. */
  readonly origin: string;
  /** The build that the gateway's own page is of. */
  readonly buildId: string | undefined;
  /** One handshake with the gateway's token, by default the CLI's, without a device. */
  connect(options?: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** One handshake without the token. */
  connectWithout(options: Partial<HandshakeOptions>): Promise<HandshakeResult>;
  /** One WebSocket: says these texts, one after each message of the gateway, then leaves or waits for the close. */
  speak(texts: readonly string[], options?: { path?: string; leave?: boolean }): Promise<void>;
  /** What the shim has reported since it was asked last: an outcome for each connection. */
  outcomes(): Promise<Outcome[]>;
}

/** A shim that only this target uses. */
export interface TargetShim {
  readonly port: number;
  /** The outcome number `index`, as soon as it is there. */
  outcome(index: number): Promise<Outcome>;
}

/** Something that clients do. Its devices are its own: their order means nothing, but that failures are counted. */
export type Scenario = (target: Target) => Promise<unknown>;

/** Looks at a gateway through a shim. */
export async function openTarget(
  { port, token }: { readonly port: number; readonly token: string },
  shim: TargetShim,
): Promise<Target> {
  const authority = `127.0.0.1:${shim.port}`;
  const url = `ws://${authority}`;
  const buildId = await pageBuild(port);
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
    speak: async (texts, { path = "/", leave = false } = {}) => {
      made += 1;
      await converse(new WebSocket(`${url}${path}`), texts, leave);
    },
    outcomes: async () => {
      const since: Outcome[] = [];
      for (; reported < made; reported += 1) since.push(await shim.outcome(reported));
      return since;
    },
  };
}

async function converse(socket: WebSocket, texts: readonly string[], leave: boolean): Promise<void> {
  const unsaid = [...texts];
  socket.on("message", () => {
    const text = unsaid.shift();
    if (text !== undefined) socket.send(text);
    else if (leave) socket.terminate();
  });
  // An upgrade that is answered by HTTP ends with an error before its close.
  socket.on("error", () => {});
  await once(socket, "close", { signal: AbortSignal.timeout(DEADLINE_MS) });
}
