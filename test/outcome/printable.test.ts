import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startScriptedGateway } from "../support/gateways.ts";
import { challenge, connectRequest } from "../support/messages.ts";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { upgradeRequest } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";

/** C0 and C1 controls, bidi overrides, zero-width characters, and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const HOSTILE = `a\n\u001b[31m\u0085\u202e\u2028\ud800{"level":"info"}${"x".repeat(2_000)}`;

/** Returns all keys and strings in a value. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key].concat(texts(item)));
}

function expectPrintable(lines: unknown): void {
  const all = texts(lines);
  expect(all.filter((text) => UNPRINTABLE.test(text))).toEqual([]);
  expect(Math.max(...all.map((text) => text.length))).toBeLessThanOrEqual(256);
}

describe("text from clients and gateways, in log lines and outcomes", () => {
  it("is capped and printable when it is from a connect request and its refusal", async () => {
    const details = { code: HOSTILE, reason: HOSTILE, requestId: HOSTILE, deviceId: HOSTILE };
    const shim = await openShimFor(
      await startScriptedGateway((socket, id) => {
        socket.send(
          JSON.stringify({
            type: "res",
            id,
            ok: false,
            error: { code: "NOT_PAIRED", message: HOSTILE, details },
          }),
        );
        socket.close(1008, "a\n\u001b[31m\u202ez");
      }),
    );
    const client = new WebSocket(`ws://${shim.authority}/`);
    client.once("message", () => {
      const clientInfo = { id: HOSTILE, mode: HOSTILE, version: HOSTILE, platform: HOSTILE };
      const device = { id: HOSTILE, publicKey: HOSTILE };
      client.send(
        connectRequest({
          client: clientInfo,
          role: HOSTILE,
          scopes: Array(100).fill(HOSTILE.slice(0, 300)),
          device,
        }),
      );
    });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "pairing-required",
      close: { code: 1008, reason: "a??[31m?z" },
    });
    expect(outcome.scopes?.length).toBeLessThanOrEqual(32);
    expectPrintable([shim.lines, shim.outcomes]);
  });

  it("is capped and printable when it is from a request head", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.end(frame(TEXT, challenge, false))),
    );
    const host = `h\x85\x9b31m${"x".repeat(3_000)}`;
    const fields = [`X-Forwarded-For: ${"\x85".repeat(300)}`, `X-Forwarded-${"y".repeat(400)}: 1`];
    await upgrade(upgradeRequest(fields, `/${"p".repeat(3_000)}`, host)).closed();
    const outcome = await shim.outcome();
    expect(outcome.normalized.host?.from).toMatch(/^h\?\?31mx+…$/);
    expectPrintable([shim.lines, shim.outcomes]);
  });

  it("is capped and printable when the gate refuses the request", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim();
    await upgrade(upgradeRequest([`Origin: x\x85\x9b${"o".repeat(3_000)}`])).closed();
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "origin_malformed" });
    expectPrintable([shim.lines, shim.outcomes]);
  });
});
