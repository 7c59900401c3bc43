import { once } from "node:events";
import { createServer } from "node:net";

const FIRST = 23_000;
const BLOCKS = 60;
/** A gateway takes neighbours of its port too (browser control, canvas): one block each. */
const BLOCK = 100;
const NEIGHBOURS = 5;

/** What was handed out here and may not be in use yet. */
const given = new Set<number>();

/**
 * A port P such that P and its neighbours are free on 127.0.0.1, and another one at every call.
 * @throws Error when no block of the range is free
 */
export async function freePort(): Promise<number> {
  // Not always the first: two test runs at once then seldom look at the same block.
  const start = Math.floor(Math.random() * BLOCKS);
  for (let at = 0; at < BLOCKS; at += 1) {
    const port = FIRST + ((start + at) % BLOCKS) * BLOCK;
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free block of ports between ${FIRST} and ${FIRST + BLOCKS * BLOCK}`);
}

async function isFree(first: number): Promise<boolean> {
  for (let port = first; port < first + NEIGHBOURS; port += 1) {
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
