/** Layout of the memory that the fuzzer shares with its watchdog: two words, then the current input. */
export const COUNT = 0;
export const LENGTH = 1;
export const INPUT_AT = 2 * Int32Array.BYTES_PER_ELEMENT;
export const INPUT_LIMIT = 1024 * 1024;

/** Data of the watchdog's thread. */
export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  readonly hangMs: number;
  readonly seed: string;
}
