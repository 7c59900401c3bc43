import type { ServerResponse } from "node:http";
import { refuse, type Refusal } from "../errors.ts";
import type { Outcomes, StoredOutcome } from "../outcome/outcomes.ts";

const FOLLOWER_LIMIT = 32;
const KEEP_ALIVE_MS = 15_000;
/** Unread bytes at which a follower is disconnected; and the most that it gets at once. */
const BACKLOG_LIMIT = 512 * 1024;
const RETRY_MS = 1_000;

/** Streams outcomes to HTTP clients as server-sent events (HTML standard, section 9.2). */
export class OutcomeFollowers {
  readonly #responses = new Set<ServerResponse>();

  constructor(outcomes: Outcomes) {
    outcomes.on("settled", ({ outcome }) => this.#send("outcome", outcome));
    outcomes.on("approved", (outcome) => this.#send("approved", outcome));
  }

  /** Sends the stored outcomes, oldest first, then each new one until the client disconnects; or returns a refusal. */
  add(response: ServerResponse, stored: readonly StoredOutcome[]): Refusal | undefined {
    if (this.#responses.size >= FOLLOWER_LIMIT) return refuse("too_many_followers");
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Accel-Buffering": "no",
    });
    response.write(
      Buffer.from(
        `retry: ${RETRY_MS}\n\n${newest(stored, (outcome) => eventOf("outcome", outcome)).join("")}`,
      ),
    );
    this.#responses.add(response);
    const keepAlive = setInterval(() => send(response, ": keep-alive\n\n"), KEEP_ALIVE_MS).unref();
    response.once("close", () => {
      clearInterval(keepAlive);
      this.#responses.delete(response);
    });
    return undefined;
  }

  #send(name: "outcome" | "approved", outcome: StoredOutcome): void {
    // All share the bytes.
    const event = this.#responses.size > 0 ? Buffer.from(eventOf(name, outcome)) : "";
    for (const response of this.#responses) send(response, event);
  }

  /** Ends every stream. */
  close(): void {
    for (const response of this.#responses) response.end();
  }
}

function eventOf(name: "outcome" | "approved", outcome: StoredOutcome): string {
  return `event: ${name}\nid: ${outcome.conn}\ndata: ${JSON.stringify(outcome)}\n\n`;
}

/** Returns the texts of the newest outcomes, oldest first: as many as fit into one response. */
export function newest(
  outcomes: readonly StoredOutcome[],
  textOf: (outcome: StoredOutcome) => string,
): string[] {
  const texts: string[] = [];
  let room = BACKLOG_LIMIT;
  for (const outcome of outcomes.toReversed()) {
    const text = textOf(outcome);
    room -= Buffer.byteLength(text);
    if (room < 0) break;
    texts.unshift(text);
  }
  return texts;
}

function send(response: ServerResponse, event: Buffer | string): void {
  if (response.writableLength > BACKLOG_LIMIT) response.destroy();
  else response.write(event);
}
