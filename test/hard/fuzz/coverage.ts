import { Session } from "node:inspector";

/** Blocks of this program that have run. */
export class Coverage {
  readonly #session = new Session();
  readonly #url: string;
  readonly #seen = new Set<string>();

  /** @param url of the one script that counts: the bundle */
  constructor(url: string) {
    this.#url = url;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: false, detailed: true });
  }

  get blocks(): number {
    return this.#seen.size;
  }

  /** Takes what ran since the last call; answers whether some of it never ran before. */
  takeNew(): boolean {
    const before = this.#seen.size;
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error) throw error;
      const script = taken.result.find(({ url }) => url === this.#url);
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
