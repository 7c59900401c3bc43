import { describe, expect, it, onTestFinished } from "vitest";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";

/** Records uncaught exceptions instead of vitest's listeners, which would fail the test. */
function recordUncaught(): readonly unknown[] {
  const errors: unknown[] = [];
  const others = process.listeners("uncaughtException");
  const record = (error: unknown): void => void errors.push(error);
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", record);
  onTestFinished(() => {
    process.off("uncaughtException", record);
    for (const other of others) process.on("uncaughtException", other);
  });
  return errors;
}

describe("an outcome listener that throws", () => {
  it("raises an uncaught exception, and the slot is released", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) =>
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    );
    const errors = recordUncaught();
    const bug = new Error("of the listener");
    shim.shim.on("outcome", () => {
      throw bug;
    });
    const clients = [upgrade(), upgrade(), upgrade()];
    await Promise.all(clients.map((client) => client.closed()));
    await expect.poll(() => errors).toEqual([bug, bug, bug]);
    expect(shim.outcomes).toHaveLength(3);
    expect(await openSlots(shim)).toBe(0);
  });
});
