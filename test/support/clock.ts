import { onTestFinished, vi } from "vitest";

/** Sets this process's clock (`Date`) until the test ends; timers are not affected. */
export function setClock(to: number | string): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(to) });
  onTestFinished(() => void vi.useRealTimers());
}
