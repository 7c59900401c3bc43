import { describe, expect, it } from "vitest";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, exchangeUpgrade, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

function upgradeWith(port: number, ...fields: string[]): Promise<string> {
  return exchangeUpgrade(port, upgradeRequest(fields));
}

describe("a WebSocket request with forwarding fields", () => {
  it("with --forwarded strip is relayed without them, and a public address is reported", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway, { forwarded: "strip" });
    const response = await upgradeWith(shim.port, "X-Forwarded-For: 203.0.113.9, 10.0.0.1", "Via: 1.1 edge");
    expect(statusOf(response)).toBe(101);
    expect(await shim.outcome()).toMatchObject({
      publicForwarded: true,
      normalized: { stripped: { "x-forwarded-for": "203.0.113.9, 10.0.0.1", via: "1.1 edge" } },
    });
    expect(gateway.bytes()).not.toMatch(/forwarded|via/i);
  });

  it("with --forwarded private is relayed without them if all addresses are private", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway, { forwarded: "private" });
    expect(statusOf(await upgradeWith(shim.port, "Forwarded: for=10.0.0.1, for=127.0.0.1"))).toBe(101);
    expect(await shim.outcome()).not.toHaveProperty("publicForwarded");
    expect(gateway.bytes()).not.toMatch(/forwarded/i);
  });

  it("with --forwarded private is refused if one address is public", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { forwarded: "private" });
    const response = await upgradeWith(shim.port, 'Forwarded: for=10.0.0.1, for="203.0.113.9:4711"');
    expect([statusOf(response), errorOf(response).type]).toEqual([403, "forwarded_public"]);
    expect(errorOf(response).fix).toContain("--allow-from 203.0.113.9,");
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "forwarded_public" });
    expect(gateway.bytes()).toBe("");
  });

  it("with --forwarded private is relayed if --allow-from has the public address", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway, { forwarded: "private", allowFrom: ["203.0.113.0/24"] });
    expect(statusOf(await upgradeWith(shim.port, "X-Real-IP: 203.0.113.9"))).toBe(101);
    expect(await shim.outcome()).not.toHaveProperty("publicForwarded");
  });

  it("with --forwarded reject is refused, even if the fields are empty", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { forwarded: "reject" });
    const response = await upgradeWith(shim.port, "x_FORWARDED_for:");
    expect([statusOf(response), errorOf(response).type]).toEqual([403, "forwarded_rejected"]);
    expect(gateway.bytes()).toBe("");
  });
});

describe("a plain request with forwarding fields", () => {
  it.each([
    ["strip", "X-Forwarded-For: 8.8.8.8", 200],
    ["private", "X-Forwarded-For: 8.8.8.8", 403],
    ["private", "X-Forwarded-For: 192.168.0.1", 200],
    ["reject", "X-Forwarded-For: 127.0.0.1", 403],
  ] as const)("with --forwarded %s and %s has status %i", async (forwarded, field, status) => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { forwarded });
    const response = await exchange(shim.port, [
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: close",
      field,
    ]);
    expect(statusOf(response)).toBe(status);
    expect(gateway.bytes()).not.toMatch(/forwarded/i);
  });
});
