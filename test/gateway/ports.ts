import { once } from "node:events";
import { createServer } from "node:net";

const FIRST = 23_000;
const BLOCKS = 60;
/** Each gateway gets a block: it also listens on the following ports (browser control, canvas). */
const BLOCK = 100;
const PORTS_PER_GATEWAY = 5;

/** Returned ports, which may not be in use yet. */
const returned = new Set<number>();

/**
 * Returns a port such that it and the following ports are free on 127.0.0.1; a different one at every call.
 * @throws Error if no block of the range is free
 */
export async function freePort(): Promise<number> {
  // Starts at a random block, because parallel test runs would try the same ones.
  const start = Math.floor(Math.random() * BLOCKS);
  for (let at = 0; at < BLOCKS; at += 1) {
    const port = FIRST + ((start + at) % BLOCKS) * BLOCK;
    if (returned.has(port) || !(await isFree(port))) continue;
    returned.add(port);
    return port;
  }
  throw new Error(`no free block of ports between ${FIRST} and ${FIRST + BLOCKS * BLOCK}`);
}

async function isFree(first: number): Promise<boolean> {
  for (let port = first; port < first + PORTS_PER_GATEWAY; port += 1) {
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    } catch {
      return false;
    } finally {
      server.close();
    }
  }
  return true;
}
