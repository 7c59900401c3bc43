import type { DestinationStream } from "pino";
import type { Stdout } from "../../log/logger.ts";
import { prettyLines } from "../../log/pretty.ts";
import { fieldsOf, parseJson, stringOf } from "../../text/json.ts";
import { displayOf } from "../../text/terminal.ts";

/** Clients whose refusal is kept; beyond it the oldest is dropped. */
const CLIENT_LIMIT = 20;

/**
 * The log of a shim that serves one command. It keeps the last refusal of each client that did not connect later, so that
 * it can be printed below the command's own output; other warnings it prints at once.
 */
export class RefusalReport implements DestinationStream {
  readonly #stderr: Stdout;
  readonly #pretty: (json: string) => string;
  readonly #refusals = new Map<string, string>();

  constructor(stderr: Stdout) {
    this.#stderr = stderr;
    this.#pretty = prettyLines({ ...displayOf(stderr), nextSteps: () => [] });
  }

  /** Takes a line of the log, as pino writes it. */
  write(json: string): void {
    const { event, level, outcome, deviceId, client } = fieldsOf(parseJson(json));
    if (event === "pairing.outcome" || event === "request.denied") {
      // A client that left gave no reason.
      if (outcome === "abandoned") return;
      const key = stringOf(deviceId) ?? stringOf(fieldsOf(client)["id"]) ?? event;
      this.#refusals.delete(key);
      if (level === "info") return;
      const [oldest] = this.#refusals.keys();
      if (oldest !== undefined && this.#refusals.size === CLIENT_LIMIT) this.#refusals.delete(oldest);
      this.#refusals.set(key, json);
    } else if (level !== "info" && event !== "gateway.down") {
      this.#stderr.write(this.#pretty(json));
    }
  }

  /** Prints the refusals: outcome, fix and command. */
  print(): void {
    for (const json of this.#refusals.values()) this.#stderr.write(this.#pretty(json));
  }
}
