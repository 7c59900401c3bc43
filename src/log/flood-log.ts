import type { Logger } from "pino";

const INTERVAL_MS = 10_000;
/** Lines of one event and reason that are logged in full in an interval. */
const FULL_LINES = 10;

/** A line that any client can cause. Event and reason are the shim's own words: each pair is counted. */
interface RepeatedLine {
  readonly event: string;
  readonly reason?: string | undefined;
}

/**
 * Logs, as warnings, what any client can cause as often as it likes. Of each event and reason the first lines of an
 * interval are logged in full, and at its end the number of the others: a flood neither fills the log nor hides other
 * lines in it.
 */
export class FloodLog {
  readonly #logger: Logger;
  readonly #counts = new Map<string, RepeatedLine & { lines: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn(line: RepeatedLine, message: string): void {
    const { event, reason } = line;
    const key = `${event} ${reason}`;
    const count = this.#counts.get(key) ?? { event, reason, lines: 0 };
    this.#counts.set(key, count);
    count.lines += 1;
    if (count.lines <= FULL_LINES) this.#logger.warn(line, message);
    this.#timer ??= setTimeout(() => this.endInterval(), INTERVAL_MS).unref();
  }

  /** Logs how many lines were not logged in this interval. */
  endInterval(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { event, reason, lines } of this.#counts.values()) {
      const summary = { event: "log.summary", of: event, reason, lines: lines - FULL_LINES };
      if (lines > FULL_LINES) this.#logger.warn(summary, "more lines of the same kind");
    }
    this.#counts.clear();
  }
}
