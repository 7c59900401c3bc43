// CWE-269: a client must not get more than --max-scopes by how it sends its connect.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Receiver } from "ws";
import { ScopeCeiling } from "../../src/ceiling/scope-ceiling.ts";
import type { Outcome } from "../../src/outcome/outcome.ts";
import { Outcomes } from "../../src/outcome/outcomes.ts";
import { AuthLimits } from "../../src/outcome/auth-limits.ts";
import { UpgradeSession } from "../../src/outcome/upgrade-session.ts";
import { testSlot } from "../support/slot.ts";
import { challenge, connectRequest, helloOk, refusal } from "../support/messages.ts";
import { upgradeRequest } from "../support/raw.ts";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { BINARY, closeFrame, frame, TEXT } from "../support/websocket-frames.ts";

const READ = ["operator.read"];
const ADMIN = ["operator.admin"];
const allowed = connectRequest({ scopes: READ });
const beyond = connectRequest({ scopes: ["operator.read", "operator.admin"] });
const PARAMS = '"params":{"scopes":["operator.read"]}';

/** What a client may send first. Only the first and the second may reach a gateway. */
const FIRST: Readonly<Record<string, Buffer>> = {
  "an allowed connect": frame(TEXT, allowed, true),
  "an allowed connect in a binary message": frame(BINARY, allowed, true),
  "a connect beyond the ceiling": frame(TEXT, beyond, true),
  "the same in a binary message": frame(BINARY, beyond, true),
  "the same in fragments": fragments(TEXT, beyond),
  "the same in binary fragments": fragments(BINARY, beyond),
  "params twice": frame(TEXT, beyond.replace('"params"', `${PARAMS},"params"`), true),
  "scopes twice": frame(
    TEXT,
    connectRequest().replace('{"role"', `{"scopes":["operator.read"],"scopes":["operator.admin"],"role"`),
    true,
  ),
  "an escaped key": frame(TEXT, beyond.replace('"scopes"', '"\\u0073copes"'), true),
  "an escaped scope": frame(TEXT, beyond.replace("operator.admin", "operator\\u002eadmin"), true),
  "a scope with a blank": frame(TEXT, connectRequest({ scopes: [" operator.admin"] }), true),
  "a scope in upper case": frame(TEXT, connectRequest({ scopes: ["OPERATOR.ADMIN"] }), true),
  "a scope behind 32 allowed ones": frame(
    TEXT,
    connectRequest({ scopes: [...Array.from({ length: 32 }, () => "operator.read"), ...ADMIN] }),
    true,
  ),
  "a text as scopes": frame(TEXT, connectRequest({ scopes: "operator.admin" }), true),
  "an object as scopes": frame(TEXT, connectRequest({ scopes: { 0: "operator.admin", length: 1 } }), true),
  "null as scopes": frame(TEXT, connectRequest({ scopes: null }), true),
  "a number among the scopes": frame(TEXT, connectRequest({ scopes: ["operator.read", 1] }), true),
  "a node's connect with an operator's scopes": frame(
    TEXT,
    connectRequest({ role: "node", scopes: ADMIN }),
    true,
  ),
  "no JSON": frame(TEXT, "connect", true),
  "another method": frame(TEXT, '{"type":"req","id":"1","method":"cron.add","params":{}}', true),
  "a connect behind a byte order mark": frame(TEXT, `\ufeff${beyond}`, true),
  "a connect of more than 64 KiB": frame(
    TEXT,
    connectRequest({ scopes: ADMIN, pad: "x".repeat(66_000) }),
    true,
  ),
  "a frame with a reserved bit": withReservedBit(frame(TEXT, beyond, true)),
  "an unmasked frame": frame(TEXT, beyond, false),
  "a close frame, then a connect": Buffer.concat([closeFrame(1000, "", true), frame(TEXT, beyond, true)]),
};
/** What it may send after that. */
const NEXT = [
  ...Object.values(FIRST),
  frame(TEXT, '{"type":"req","id":"2","method":"cron.add"}', true),
  closeFrame(1000, "", true),
];
const GATEWAY = [
  frame(TEXT, challenge, false),
  frame(TEXT, refusal({ code: "NOT_PAIRED" }), false),
  frame(TEXT, helloOk({ auth: { scopes: ADMIN } }), false),
  frame(TEXT, helloOk({}, "another id"), false),
  frame(TEXT, '{"type":"event","event":"tick"}', false),
  frame(BINARY, "b", false),
  frame(TEXT, "not JSON", false),
  closeFrame(1008, "", false),
  Buffer.from("garbage"),
];

function fragments(opcode: number, text: string): Buffer {
  const parts = [text.slice(0, 9), text.slice(9, 40), text.slice(40)].map((part, i) =>
    frame(i === 0 ? opcode : 0, part, true),
  );
  for (const part of parts.slice(0, -1)) part[0] = (part[0] ?? 0) & 0x7f;
  return Buffer.concat(parts);
}

function withReservedBit(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[0] = (changed[0] ?? 0) | 0x40;
  return changed;
}

/** A handshake within the ceiling. */
const BEGIN: readonly Sent[] = [
  { by: "gateway", bytes: frame(TEXT, challenge, false) },
  { by: "client", bytes: frame(TEXT, allowed, true) },
];

interface Sent {
  readonly by: "client" | "gateway";
  readonly bytes: Buffer;
}

const BEYOND: Sent = { by: "client", bytes: frame(TEXT, beyond, true) };
const CLOSE: Sent = { by: "client", bytes: closeFrame(1000, "", true) };

/** Passes chunks through a session as the relay does; returns the client's forwarded bytes, and the outcomes. */
async function relay(
  script: readonly Sent[],
  isLimiting: boolean,
): Promise<{ forwarded: Buffer; outcomes: Outcome[] }> {
  const facts = { conn: "c", peer: "127.0.0.1", path: "/", startedAt: 0, sentCredential: false };
  const outcomes: Outcome[] = [];
  const reporter = new Outcomes();
  reporter.on("settled", ({ outcome }) => outcomes.push(outcome));
  const ceiling = new ScopeCeiling(READ, () => Promise.resolve(isLimiting));
  const guard = ceiling.guard(new UpgradeSession(facts, reporter, testSlot(), new AuthLimits()));
  guard.onResponse(101);
  const forwarded: Buffer[] = [];
  const observed = { client: true, gateway: true };
  for (const { by, bytes } of script) {
    const verdict = observed[by] ? await guard.onBytes(by, bytes) : false;
    if (typeof verdict === "object") break;
    if (!verdict) observed[by] = false;
    if (by === "client") forwarded.push(bytes);
    // From hello-ok on, all messages pass.
    if (outcomes.some(({ outcome }) => outcome === "connected")) break;
  }
  guard.onClosed("client");
  return { forwarded: Buffer.concat(forwarded), outcomes };
}

/** Joins what a side sends in a row, and cuts it into chunks of at most `size` bytes. */
function cut(script: readonly Sent[], size: number): Sent[] {
  const chunks: Sent[] = [];
  let pending = Buffer.alloc(0);
  for (const [i, { by, bytes }] of script.entries()) {
    pending = Buffer.concat([pending, bytes]);
    if (script[i + 1]?.by === by) continue;
    for (let at = 0; at < pending.length; at += size)
      chunks.push({ by, bytes: pending.subarray(at, at + size) });
    pending = Buffer.alloc(0);
  }
  return chunks;
}

/** Returns the messages that a gateway reads: like OpenClaw's, with ws, which ignores what follows a close frame. */
function read(bytes: Buffer): string[] {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: true, maxPayload: 64 * 1024 });
  receiver.on("message", (data) => messages.push(String(data)));
  receiver.on("error", () => {});
  receiver.write(bytes);
  return messages;
}

describe("under a ceiling", () => {
  it.each(Object.entries(FIRST))(
    "%s reaches a gateway that ignores the ceiling only if it is allowed",
    async (what, bytes) => {
      const script: Sent[] = [
        { by: "gateway", bytes: frame(TEXT, challenge, false) },
        { by: "client", bytes },
      ];
      const { forwarded, outcomes } = await relay(script, false);
      expect(read(forwarded)).toEqual(what.startsWith("an allowed") ? [allowed] : []);
      expect(outcomes).toHaveLength(1);
    },
  );

  it.each([
    ["in the same chunk", cut([CLOSE, BEYOND], 1_000), 0],
    ["in the next chunk", [CLOSE, BEYOND], CLOSE.bytes.length],
  ])("nothing that follows a close frame is forwarded, %s", async (_where, script, length) => {
    expect((await relay(script, false)).forwarded).toHaveLength(length);
  });

  it("a connect is still read when the outcome is known already", async () => {
    const closing: Sent = { by: "gateway", bytes: closeFrame(1012, "", false) };
    const { forwarded, outcomes } = await relay([closing, ...cut([BEYOND], 20)], false);
    expect(read(forwarded)).toEqual([]);
    expect(outcomes).toMatchObject([{ outcome: "gateway-closed" }]);
  });

  it("a connection is open from hello-ok on, whatever follows in the same chunk", async () => {
    const hello = Buffer.concat([frame(TEXT, helloOk(), false), Buffer.from("garbage")]);
    const { outcomes } = await relay([...BEGIN, { by: "gateway", bytes: hello }], false);
    expect(outcomes).toMatchObject([{ outcome: "connected" }]);
  });

  it("no message but an allowed connect reaches the gateway before its hello-ok, however it is sent", async () => {
    expect(read(Buffer.concat([frame(TEXT, "1", true), frame(TEXT, "2", true)]))).toEqual(["1", "2"]);
    const client = fc.constantFrom(...NEXT).map((bytes): Sent => ({ by: "client", bytes }));
    const gateway = fc.constantFrom(...GATEWAY).map((bytes): Sent => ({ by: "gateway", bytes }));
    const rest = fc.array(fc.oneof({ arbitrary: client, weight: 3 }, gateway), { maxLength: 6 });
    const isLimiting = fc.boolean();
    const size = fc.integer({ min: 1, max: 2_000 });
    const begin = fc.nat({ max: BEGIN.length });
    await fc.assert(
      fc.asyncProperty(begin, rest, size, isLimiting, async (count, script, most, limits) => {
        const { forwarded, outcomes } = await relay(cut([...BEGIN.slice(0, count), ...script], most), limits);
        const messages = read(forwarded);
        expect(messages.length).toBeLessThanOrEqual(1);
        expect(messages.filter((message) => !limits && message !== allowed)).toEqual([]);
        expect(outcomes).toHaveLength(1);
      }),
      { numRuns: 400 },
    );
  });

  it("a client that sends its connect with the upgrade request gets the response, then the close frame", async () => {
    const { gateway, shim, upgrade } = await startRawGatewayWithShim(acceptUpgrade(), {
      maxScopes: ["operator.read"],
    });
    const client = upgrade(upgradeRequest() + frame(TEXT, beyond, true).toString("latin1"));
    const received = await client.closed();
    const reason = "--max-scopes: operator.admin is not allowed";
    expect(received).toMatch(/^HTTP\/1\.1 101 /);
    expect(received.slice(received.indexOf("\r\n\r\n") + 4)).toBe(`\x88\x2d\x03\xf0${reason}`);
    expect(gateway.received()).toMatch(/x-openclaw-scopes: [^\r]*\r\n\r\n(?:GET \/api|$)/);
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", close: { code: 1008, reason } });
  });

  it("a client gets no hello-ok from a gateway that grants more, whatever it said about itself", async () => {
    const { gateway, shim, requests, upgrade } = await startRawGatewayWithShim(
      (socket, head) => {
        if (!/^upgrade:/im.test(head)) {
          const body = '{"error":{"type":"proxy_attribution_required"}}';
          socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
          return;
        }
        acceptUpgrade(() => socket.write(frame(TEXT, challenge, false)))(socket);
        socket.once("data", () => socket.write(frame(TEXT, helloOk({ auth: { scopes: ADMIN } }), false)));
      },
      { maxScopes: ["operator.read"] },
    );
    const client = upgrade();
    await client.until((text) => text.includes("connect.challenge"));
    client.socket.write(frame(TEXT, beyond, true));
    expect(await client.closed()).not.toContain("hello-ok");
    expect(requests).toHaveLength(2);
    expect(gateway.received()).toContain("X-Forwarded-Proto");
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "scope_ceiling" });
  });
});
