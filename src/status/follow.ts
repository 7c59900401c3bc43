import type { ServerResponse } from "node:http";
import type { Outcomes, TimedOutcome } from "../outcome/outcomes.ts";

const FOLLOWER_LIMIT = 32;
const KEEP_ALIVE_MS = 15_000;
/** What a follower may leave unread before it is let go. */
const BACKLOG_LIMIT = 512 * 1024;
const RETRY_MS = 1_000;

/** Streams outcomes to those who follow them (server-sent events, HTML section 9.2). */
export class OutcomeFollowers {
  readonly #responses = new Set<ServerResponse>();

  constructor(outcomes: Outcomes) {
    outcomes.on("settled", ({ outcome }) => {
      for (const response of this.#responses) send(response, eventOf(outcome));
    });
  }

  /** Whether nobody more may follow. */
  get full(): boolean {
    return this.#responses.size >= FOLLOWER_LIMIT;
  }

  /** Starts with what is known, oldest first, and goes on until the client leaves. */
  add(response: ServerResponse, known: readonly TimedOutcome[]): void {
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Accel-Buffering": "no",
    });
    response.write(`retry: ${RETRY_MS}\n\n${known.map(eventOf).join("")}`);
    this.#responses.add(response);
    const keepAlive = setInterval(() => send(response, ": still here\n\n"), KEEP_ALIVE_MS).unref();
    response.once("close", () => {
      clearInterval(keepAlive);
      this.#responses.delete(response);
    });
  }

  /** Ends every stream; followers come back by themselves. */
  close(): void {
    for (const response of this.#responses) response.end();
  }
}

function eventOf(outcome: TimedOutcome): string {
  return `event: outcome\nid: ${outcome.conn}\ndata: ${JSON.stringify(outcome)}\n\n`;
}

function send(response: ServerResponse, text: string): void {
  if (response.writableLength > BACKLOG_LIMIT) response.destroy();
  else response.write(text);
}
