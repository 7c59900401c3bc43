import { refuse, type Refusal } from "../errors.ts";

/** Counts what is open against `--max-connections`. */
export class ConnectionLimit {
  #open = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Connections and requests that hold a place now. */
  get open(): number {
    return this.#open;
  }

  /** Takes a place, or refuses. Who got one gives it back with `leave`. */
  enter(): Refusal | undefined {
    if (this.#open >= this.#max) return refuse("too_many_connections", String(this.#max));
    this.#open += 1;
    return undefined;
  }

  leave(): void {
    this.#open -= 1;
  }
}
