import { once } from "node:events";
import { createServer, type Server } from "node:net";

const FIRST = 20_000;
const BLOCKS = 120;
/** Each gateway gets a block: it also listens on the following ports (browser control, canvas). */
const BLOCK = 100;
const PORTS_PER_GATEWAY = 5;

/**
 * Returns a port such that it and the following ports are free on 127.0.0.1; a different one at every call. Until this
 * process ends it listens on the last port of the block, so that a parallel test run takes another one: a gateway
 * listens only seconds after its start.
 *
 * @throws Error if no block of the range is free
 */
export async function freePort(): Promise<number> {
  // Starts at a random block, because parallel test runs would try the same ones.
  const start = Math.floor(Math.random() * BLOCKS);
  for (let at = 0; at < BLOCKS; at += 1) {
    const port = FIRST + ((start + at) % BLOCKS) * BLOCK;
    const reservation = await listen(port + BLOCK - 1);
    if (!reservation) continue;
    if (await isFree(port)) return port;
    reservation.close();
  }
  throw new Error(`no free block of ports between ${FIRST} and ${FIRST + BLOCKS * BLOCK}`);
}

async function isFree(first: number): Promise<boolean> {
  for (let port = first; port < first + PORTS_PER_GATEWAY; port += 1) {
    const server = await listen(port);
    if (!server) return false;
    server.close();
  }
  return true;
}

/** Returns undefined if another program listens there. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1").unref();
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
