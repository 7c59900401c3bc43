import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { bundled } from "../proxies/program.ts";
import type { ClientOptions } from "./client.ts";
import type { Exchanged, Reply, Work } from "./commands.ts";
import type { RequestOptions } from "./http-client.ts";

const REPLY_MS = 120_000;

/** Controls the gateway and the load generator, each a separate process. */
export class Driver {
  readonly gatewayPort: number;
  readonly #gateway: ChildProcess;
  readonly #load: ChildProcess;
  #lastId = 0;

  private constructor(gateway: ChildProcess, gatewayPort: number, load: ChildProcess) {
    this.#gateway = gateway;
    this.gatewayPort = gatewayPort;
    this.#load = load;
    // One listener per pending command.
    load.setMaxListeners(0);
  }

  static async start(): Promise<Driver> {
    const gateway = fork(bundled("gateway"));
    const [port]: unknown[] = await once(gateway, "message");
    return new Driver(gateway, Number(port), fork(bundled("load")));
  }

  /** Opens connections with handshakes, and stores them as `set`. */
  async open(set: string, client: ClientOptions, connections: number): Promise<void> {
    await this.#ask({ op: "open", set, client, connections });
  }

  /** Sends messages over all connections of `sets`, `window` at a time on each, and waits for every reply. */
  exchange(sets: readonly string[], messages: number, window: number): Promise<Exchanged> {
    return this.#ask({ op: "exchange", sets, messages, window });
  }

  async close(set: string): Promise<void> {
    await this.#ask({ op: "close", set });
  }

  /** Connects, waits for hello-ok and closes, `count` times. */
  upgrades(client: ClientOptions, count: number, parallel: number): Promise<Exchanged> {
    return this.#ask({ op: "upgrades", client, count, parallel });
  }

  /** The same, at a fixed rate. */
  paced(client: ClientOptions, count: number, perSecond: number): Promise<Exchanged> {
    return this.#ask({ op: "paced", client, count, perSecond });
  }

  /** Sends plain requests over keep-alive connections, one at a time on each. */
  requests(request: RequestOptions, count: number, connections: number): Promise<Exchanged> {
    return this.#ask({ op: "requests", request, count, connections });
  }

  /** Requests streams of events, one after another on one connection. */
  streams(request: RequestOptions, count: number): Promise<Exchanged> {
    return this.#ask({ op: "streams", request, count });
  }

  stop(): void {
    this.#load.kill();
    this.#gateway.kill();
  }

  #ask(work: Work): Promise<Exchanged> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        settle();
        reject(new Error(`${JSON.stringify(work)}: not done within ${REPLY_MS / 1000} s`));
      }, REPLY_MS);
      const onMessage = (reply: Reply): void => {
        if (reply.id !== id) return;
        settle();
        if ("result" in reply) resolve(reply.result);
        else reject(new Error(`${JSON.stringify(work)}: ${reply.error}`));
      };
      const settle = (): void => {
        clearTimeout(deadline);
        this.#load.off("message", onMessage);
      };
      this.#load.on("message", onMessage);
      this.#load.send({ ...work, id });
    });
  }
}
