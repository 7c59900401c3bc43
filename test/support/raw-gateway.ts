import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import type { Settings } from "../../src/settings/settings.ts";
import {
  closed,
  portOf,
  rawClient,
  startRawServer,
  SWITCHING_PROTOCOLS,
  upgradeRequest,
  type RawClient,
  type RawServer,
} from "./raw.ts";
import { openShimFor, type TestShim } from "./shim.ts";

/** A raw gateway with a shim in front of it. */
export interface RawGatewayWithShim {
  readonly gateway: RawServer;
  readonly shim: TestShim;
  /** The gateway's connections with a complete request head: the shim's probes are not included. */
  readonly requests: readonly Socket[];
  /** Connects a raw client that sends an upgrade request. */
  readonly upgrade: (send?: string) => RawClient;
  /** Resolves when all connections on both sides are closed and all slots are released. */
  readonly allClosed: () => Promise<void>;
}

/** Starts both; closes them after the test. `onRequest` is called for each connection with a complete request head. */
export async function startRawGatewayWithShim(
  onRequest: (socket: Socket, head: string) => void = () => {},
  overrides: Partial<Settings> = {},
): Promise<RawGatewayWithShim> {
  const requests: Socket[] = [];
  const gateway = await startRawServer((socket) => {
    let head = "";
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      requests.push(socket);
      onRequest(socket, head);
    };
    socket.on("data", onData);
    socket.on("end", () => socket.end());
  });
  onTestFinished(() => gateway.close());
  const shim = await openShimFor(gateway, overrides);
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
    async allClosed() {
      await Promise.all(clients.map((client) => client.closed()));
      await Promise.all(requests.map(closed));
      await expect.poll(() => openSlots(shim), { timeout: 5_000 }).toBe(0);
    },
  };
}

/** Returns the number of acquired slots of `--max-connections`, as the shim's health endpoint reports it. */
export async function openSlots(shim: TestShim): Promise<unknown> {
  const response = await fetch(`http://${shim.authority}/__shim__/health`);
  const health: unknown = await response.json();
  return typeof health === "object" && health !== null && "open" in health ? health.open : undefined;
}

/** Returns a handler that responds to every upgrade with 101 and then calls `then`. */
export function acceptUpgrade(then: (socket: Socket) => void = () => {}): (socket: Socket) => void {
  return (socket) => {
    socket.write(SWITCHING_PROTOCOLS);
    then(socket);
  };
}

/** Both ends of one TCP connection. */
export async function tcpPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect({
    port: portOf(server),
    host: "127.0.0.1",
    allowHalfOpen: true,
  });
  const near = await new Promise<Socket>((resolve) => {
    server.once("connection", resolve);
  });
  server.close();
  far.on("error", () => {});
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return { near, far };
}
