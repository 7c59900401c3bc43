import { Session } from "node:inspector";

/** Records the executed blocks of this program. */
export class Coverage {
  readonly #session = new Session();
  readonly #url: string;
  readonly #seen = new Set<string>();

  /** @param url the script to record: the bundle */
  constructor(url: string) {
    this.#url = url;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: false, detailed: true });
  }

  get blocks(): number {
    return this.#seen.size;
  }

  /** Records the blocks executed since the last call; returns true if any of them is new. */
  update(): boolean {
    const before = this.#seen.size;
    this.#session.post("Profiler.takePreciseCoverage", (error, coverage) => {
      if (error) throw error;
      const script = coverage.result.find(({ url }) => url === this.#url);
      for (const { functionName, ranges } of script?.functions ?? []) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) this.#seen.add(`${functionName} ${startOffset} ${endOffset}`);
        }
      }
    });
    return this.#seen.size > before;
  }

  close(): void {
    this.#session.disconnect();
  }
}
