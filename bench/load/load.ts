import { quantile } from "../statistics.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { Command, Exchanged, Reply } from "./commands.ts";
import { sendRequests, streamEvents } from "./http-client.ts";

/** The load generator, a separate process: executes commands from IPC, one at a time. */

/** Connections opened in parallel. */
const OPENING = 32;
const sets = new Map<string, Client[]>();

process.on("message", (command: Command) => {
  perform(command)
    .then((result) => reply({ id: command.id, result }))
    .catch((error: unknown) => reply({ id: command.id, error: String(error) }));
});
process.on("disconnect", () => process.exit());

function reply(message: Reply): void {
  process.send?.(message);
}

async function perform(command: Command): Promise<Exchanged> {
  const started = performance.now();
  if (command.op === "open") {
    sets.set(command.set, await openAll(command.client, command.connections));
  } else if (command.op === "exchange") {
    const clients = command.sets.flatMap((set) => sets.get(set) ?? []);
    return exchange(clients, command.messages, command.window);
  } else if (command.op === "upgrades") {
    await upgrades(command.client, command.count, command.parallel);
  } else if (command.op === "paced") {
    await paced(command.client, command.count, command.perSecond);
  } else if (command.op === "requests") {
    await sendRequests(command.request, command.count, command.connections);
  } else if (command.op === "streams") {
    return streamEvents(command.request, command.count);
  } else {
    await Promise.all((sets.get(command.set) ?? []).map((client) => client.end()));
    sets.delete(command.set);
  }
  return { ms: performance.now() - started };
}

async function openAll(options: ClientOptions, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  let left = count;
  const opener = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      clients.push(await open(options));
    }
  };
  await Promise.all(Array.from({ length: Math.min(OPENING, count) }, opener));
  return clients;
}

function open(options: ClientOptions): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client(options, () => resolve(client), reject);
  });
}

/** Connects, waits for hello-ok and closes, `count` times; `parallel` connections at once. */
async function upgrades(options: ClientOptions, count: number, parallel: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const client = await open(options);
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** The same at a fixed rate, however long each takes. */
async function paced(options: ClientOptions, count: number, perSecond: number): Promise<void> {
  const started = performance.now();
  const begun: Promise<void>[] = [];
  while (begun.length < count) {
    const due = Math.min(count, ((performance.now() - started) * perSecond) / 1000);
    while (begun.length < due) begun.push(open(options).then((client) => client.end()));
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  await Promise.all(begun);
}

/** Sends `count` messages over all clients, `window` at a time on each, and waits for every reply. */
function exchange(clients: readonly Client[], count: number, window: number): Promise<Exchanged> {
  return new Promise((resolve) => {
    const started = performance.now();
    const latencies: number[] = [];
    let unsent = count;
    for (const client of clients) {
      const sentAt: number[] = [];
      const send = (): void => {
        if (unsent === 0) return;
        unsent -= 1;
        sentAt.push(performance.now());
        client.send();
      };
      client.onMessage = () => {
        const now = performance.now();
        latencies.push(now - (sentAt.shift() ?? now));
        if (latencies.length < count) return send();
        const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
        return resolve({ ms: now - started, p50, p99 });
      };
      for (let i = 0; i < window; i += 1) send();
    }
  });
}
