/** What the fuzzer and its watchdog share: two words, then the input that is being taken. */
export const TAKEN = 0;
export const LENGTH = 1;
export const INPUT_AT = 2 * Int32Array.BYTES_PER_ELEMENT;
export const INPUT_LIMIT = 1024 * 1024;

/** What the watchdog's thread starts with. */
export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  readonly hangMs: number;
  readonly seed: string;
}
