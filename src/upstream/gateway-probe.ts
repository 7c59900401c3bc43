import type { Dialer } from "./dial.ts";

/** Asks whether the gateway is there: connects, and leaves without a word. The dialer's listener hears of it. */
export class GatewayProbe {
  readonly #dialer: Dialer;
  #asking: Promise<void> | undefined;
  #cancel: () => void = () => {};

  constructor(dialer: Dialer) {
    this.#dialer = dialer;
  }

  /** Resolves when the answer is there. Who asks while another waits gets the same answer: one connection at a time. */
  ask(): Promise<void> {
    this.#asking ??= new Promise((resolve) => {
      const done = (): void => {
        this.#asking = undefined;
        resolve();
      };
      const cancel = this.#dialer.dial(0, (result) => {
        if ("socket" in result) result.socket.destroy();
        done();
      });
      this.#cancel = () => {
        cancel();
        done();
      };
    });
    return this.#asking;
  }

  /** Gives up what is under way. */
  close(): void {
    this.#cancel();
  }
}
