import { once } from "node:events";
import type { Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { challenge, connectRequest, helloOk, refusal } from "../support/messages.ts";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { closeFrame, frame, TEXT } from "../support/websocket-frames.ts";

type Action = "FIN" | "RST" | "wait" | Buffer;

const REFUSED = 'HTTP/1.1 403 No\r\nContent-Length: 26\r\n\r\n{"error":{"type":"nope"}}\n';
const garbage = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes): Action => Buffer.from(bytes));
const step = fc.constantFrom<Action>("FIN", "RST", "wait", "wait", "wait");

/** Actions of a client after its upgrade request. */
const clientAction = fc.oneof(
  step,
  garbage,
  fc.constantFrom<Action>(
    frame(TEXT, connectRequest(), true),
    frame(TEXT, "hello", true),
    closeFrame(1000, "bye", true),
    Buffer.alloc(100_000, 1),
  ),
);

/** Actions of a gateway after an upgrade request, most of them invalid in some order. */
const gatewayAction = fc.oneof(
  step,
  garbage,
  fc.constantFrom<Action>(
    Buffer.from(SWITCHING_PROTOCOLS),
    Buffer.from(SWITCHING_PROTOCOLS),
    Buffer.from(REFUSED),
    Buffer.from("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    Buffer.from("HTTP/1.1 100 Continue\r\n\r\n"),
    frame(TEXT, challenge, false),
    frame(TEXT, helloOk(), false),
    frame(TEXT, refusal({ code: "NOT_PAIRED" }), false),
    closeFrame(1008, "pairing required", false),
  ),
);

async function perform(socket: Socket, script: readonly Action[]): Promise<void> {
  for (const action of script) {
    if (socket.destroyed) return;
    if (action === "wait") await new Promise((resolve) => setTimeout(resolve, 5));
    else if (action === "FIN") socket.end();
    else if (action === "RST") socket.resetAndDestroy();
    else if (!socket.writableEnded) socket.write(action);
  }
}

/** Generates scripts: a prefix of `beginning`, then any actions. */
function scriptOf(beginning: readonly Action[], action: fc.Arbitrary<Action>): fc.Arbitrary<Action[]> {
  return fc
    .tuple(fc.nat(beginning.length), fc.array(action, { maxLength: 4 }))
    .map(([length, rest]) => beginning.slice(0, length).concat(rest));
}

const pair = fc.record({
  client: scriptOf(
    ["wait", "wait", frame(TEXT, connectRequest(), true), "wait", "wait", "wait"],
    clientAction,
  ),
  gateway: scriptOf(
    [Buffer.from(SWITCHING_PROTOCOLS), frame(TEXT, challenge, false), "wait", "wait", "wait"],
    gatewayAction,
  ),
});

describe("every WebSocket request", () => {
  it("has exactly one outcome and releases everything, whatever either side does at any time", async () => {
    const gatewayScripts = new Map<string, readonly Action[]>();
    const { shim, upgrade, allClosed } = await startRawGatewayWithShim((socket, head) => {
      void perform(socket, gatewayScripts.get(head.split(" ", 2)[1] ?? "") ?? []);
    });
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 12 }), async (pairs) => {
        await Promise.all(
          pairs.map(async (scripts) => {
            requests += 1;
            const path = `/${requests}`;
            gatewayScripts.set(path, scripts.gateway);
            const { socket } = upgrade("");
            socket.allowHalfOpen = true;
            await once(socket, "connect");
            socket.write(upgradeRequest([], path));
            await perform(socket, [...scripts.client, "wait", "wait"]);
            // The client closes if neither side has.
            socket.end();
            socket.resume();
          }),
        );
      }),
      { numRuns: 40 },
    );
    await expect.poll(() => shim.outcomes.length, { timeout: 5_000 }).toBe(requests);
    await allClosed();
    const paths = shim.outcomes.map(({ path }) => path);
    expect(new Set(paths).size).toBe(requests);
    expect(paths).toHaveLength(requests);
    expect(new Set(shim.outcomes.map(({ outcome }) => outcome)).size).toBeGreaterThanOrEqual(4);
  });
});
