import { onTestFinished, vi } from "vitest";

/** Sets this process's clock (`Date`), as an administrator or a resumed snapshot would; timers go on as they were. */
export function setClock(to: number | string): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(to) });
  onTestFinished(() => void vi.useRealTimers());
}
