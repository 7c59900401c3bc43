import { describe, expect, it, onTestFinished } from "vitest";
import { openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";

/** Takes the place of vitest's own listeners, which would fail the test. */
function uncaught(): readonly unknown[] {
  const errors: unknown[] = [];
  const others = process.listeners("uncaughtException");
  const catches = (error: unknown): void => void errors.push(error);
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", catches);
  onTestFinished(() => {
    process.off("uncaughtException", catches);
    for (const other of others) process.on("uncaughtException", other);
  });
  return errors;
}

describe("an outcome listener that throws", () => {
  it("is heard of as an uncaught exception, and costs no place", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) =>
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    );
    const errors = uncaught();
    const bug = new Error("a user's own");
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
