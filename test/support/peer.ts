import { onTestFinished, vi } from "vitest";
import { Connections } from "../../src/server/connections.ts";

/** Replaces the peer's address of each connection that a shim accepts, until the test ends. */
export function setPeerAddress(address: () => string): void {
  const add = Connections.prototype.add;
  const spy = vi.spyOn(Connections.prototype, "add").mockImplementation(function (
    this: Connections,
    ...args
  ) {
    Object.defineProperty(args[0], "remoteAddress", { value: address() });
    return add.apply(this, args);
  });
  onTestFinished(() => spy.mockRestore());
}
