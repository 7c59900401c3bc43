import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import type { Settings } from "../../src/settings/settings.ts";
import { rawClient, startRawServer, upgradeRequest, type RawClient, type RawServer } from "./raw.ts";
import { SWITCHING } from "./switching.ts";
import { openTestShim, type TestShim } from "./shim.ts";

export { SWITCHING };

/** A shim before a raw gateway; both end with the test. */
export interface Bench {
  readonly gateway: RawServer;
  readonly shim: TestShim;
  /** The gateway's connections that have sent a whole head: not the shim's own probes. */
  readonly requests: readonly Socket[];
  /** A raw client that has sent an upgrade request. */
  readonly upgrade: (send?: string) => RawClient;
  /** Resolves when no connection and no place is left on either side of the shim. */
  readonly allGone: () => Promise<void>;
}

/** Starts both; `onHead` is called for each connection whose request head is whole. */
export async function startBench(
  onHead: (socket: Socket, head: string) => void = () => {},
  overrides: Partial<Settings> = {},
): Promise<Bench> {
  const requests: Socket[] = [];
  const gateway = await startRawServer((socket) => {
    let head = "";
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      requests.push(socket);
      onHead(socket, head);
    };
    socket.on("data", onData);
    socket.on("end", () => socket.end());
  });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(gateway.port, overrides);
  onTestFinished(() => shim.close());
  const clients: RawClient[] = [];
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy();
  });
  return {
    gateway,
    shim,
    requests,
    upgrade(send = upgradeRequest()) {
      const client = rawClient(shim.port, send);
      clients.push(client);
      return client;
    },
    async allGone() {
      await Promise.all(clients.map((client) => client.closed()));
      await Promise.all(requests.map(closed));
      await expect.poll(() => openPlaces(shim), { timeout: 5_000 }).toBe(0);
    },
  };
}

/** How many places of `--max-connections` are taken, as the shim's own page says. */
export async function openPlaces(shim: TestShim): Promise<unknown> {
  const response = await fetch(`http://${shim.authority}/__shim__/health`);
  const health: unknown = await response.json();
  return typeof health === "object" && health !== null && "open" in health ? health.open : undefined;
}

/** Answers every upgrade with 101 and hands the socket over. */
export function switching(then: (socket: Socket) => void = () => {}): (socket: Socket) => void {
  return (socket) => {
    socket.write(SWITCHING);
    then(socket);
  };
}

/** The port that a listening server was given. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen on TCP");
  return address.port;
}

/** Resolves when a socket is closed, with or without an error. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
