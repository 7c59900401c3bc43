import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake } from "../support/client.ts";
import type { StreamGateway } from "./stream-gateway.ts";

/** The path through a proxy and a shim to the gateway. */
export interface Path {
  /** Of the proxy. */
  readonly port: number;
  /** The Host that the client sends. */
  readonly host: string;
  readonly gateway: StreamGateway;
}

const TOKEN = "t";
/** Events that have not arrived by then are held back. */
const EVENT_MS = 10_000;
const TRANSFER_MS = 120_000;
const MESSAGE_BYTES = 25_000_000;
const ECHO_MS = 10_000;

/** What ended a connection before its time. */
class Ended extends Error {}

/** Sends messages through one WebSocket, with these pauses in seconds before each. Returns what the table has of it. */
export async function pausedWebSocket(
  path: Path,
  pauses: readonly number[],
  passed: string,
): Promise<string> {
  const socket = await openSocket(path);
  const closed = once(socket, "close");
  return paused(pauses, passed, closed, async (text) => {
    const echoed = once(socket, "message", { signal: AbortSignal.timeout(ECHO_MS) });
    socket.send(text);
    const [data] = (await echoed) as [Buffer];
    return data.toString();
  }).finally(() => socket.terminate());
}

/** Sends events of one response, with these pauses in seconds before each. Returns what the table has of it. */
export async function pausedEvents(path: Path, pauses: readonly number[], passed: string): Promise<string> {
  const id = randomUUID();
  const outgoing = openRequest(path, `/v1/chat/completions?${id}`, "POST");
  const responded = once(outgoing, "response", { signal: AbortSignal.timeout(EVENT_MS) });
  const requested = path.gateway.stream(id);
  outgoing.end("{}");
  const stream = await requested;
  try {
    stream.write("data: first\n\n");
    const [response] = (await responded) as [IncomingMessage];
    const closed = Promise.race([once(response, "close"), once(response, "error")]);
    const received = async (text: string): Promise<string> => {
      const arrived = once(response, "data", { signal: AbortSignal.timeout(EVENT_MS) });
      if (text !== "first") stream.write(`data: ${text}\n\n`);
      const [data] = (await arrived) as [Buffer];
      return data.toString().slice("data: ".length).trim();
    };
    await received("first");
    return await paused(pauses, passed, closed, received);
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return "held back";
    throw error;
  } finally {
    stream.end();
    outgoing.destroy();
  }
}

/** Exchanges texts. Returns `passed`, or after how much silence the connection ended. */
async function paused(
  pauses: readonly number[],
  passed: string,
  closed: Promise<unknown>,
  exchange: (text: string) => Promise<string>,
): Promise<string> {
  for (const pause of pauses) {
    const began = performance.now();
    const stop = new AbortController();
    const ended = await Promise.race([
      closed.then(
        () => true,
        () => true,
      ),
      delay(pause * 1000, false, { signal: stop.signal }),
    ]);
    stop.abort();
    // Servers look at their timers once a second or so.
    if (ended) return `ends after ${Math.round((performance.now() - began) / 10_000) * 10} s`;
    const text = `after ${pause} s`;
    const got = await Promise.race([
      exchange(text),
      closed.then(() => Promise.reject(new Ended(`closed ${text}`))),
    ]);
    if (got !== text) throw new Error(`${JSON.stringify(got)} arrived, not ${JSON.stringify(text)}`);
  }
  return passed;
}

/** Sends one message of 25 MB to the gateway and back. */
export async function bigMessage(path: Path): Promise<string> {
  const socket = await openSocket(path);
  const message = randomBytes(MESSAGE_BYTES);
  const echoed = once(socket, "message", { signal: AbortSignal.timeout(TRANSFER_MS) });
  const closed = once(socket, "close").then(([code]: unknown[]) => `closed with ${String(code)}`);
  socket.send(message);
  const result = await Promise.race([
    echoed.then(([data]) => (message.equals(data as Buffer) ? "passes" : "is changed")),
    closed,
  ]);
  socket.terminate();
  return result;
}

/** Downloads 100 MB. */
export async function download(path: Path): Promise<string> {
  const outgoing = openRequest(path, "/download", "GET");
  outgoing.end();
  const [response] = (await once(outgoing, "response", { signal: AbortSignal.timeout(TRANSFER_MS) })) as [
    IncomingMessage,
  ];
  const hash = createHash("sha256");
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    return "is cut off";
  }
  return hash.digest("hex") === path.gateway.checksum ? "passes" : "is changed";
}

/** Returns the names of the header fields that reach the gateway, in lower case, and the Host. */
export async function fieldsThrough(
  path: Path,
): Promise<{ readonly names: readonly string[]; readonly host: string }> {
  const socket = await openSocket(path);
  const { upgrade } = path.gateway;
  socket.terminate();
  const names = upgrade.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  const host = upgrade[upgrade.findIndex((name) => name.toLowerCase() === "host") + 1] ?? "";
  return { names: names.toSorted(), host };
}

async function openSocket({ port, host }: Path): Promise<WebSocket> {
  const result = await handshake({
    url: `ws://127.0.0.1:${port}`,
    token: TOKEN,
    device: createDevice(),
    headers: { Host: host },
    ws: { maxPayload: 2 * MESSAGE_BYTES },
    keepOpen: true,
  });
  if (result.ok && result.session) {
    result.session.socket.removeAllListeners("message");
    return result.session.socket;
  }
  throw new Error(`no connection: ${JSON.stringify(result)}`);
}

function openRequest({ port, host }: Path, path: string, method: string): ClientRequest {
  const headers = { Host: host, Authorization: `Bearer ${TOKEN}` };
  const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  // Who waits for the response gets the error, too.
  return outgoing.on("error", () => {});
}
