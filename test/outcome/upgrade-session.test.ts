import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AuthLimits } from "../../src/outcome/auth-limits.ts";
import type { Transcript } from "../../src/outcome/outcome.ts";
import { Outcomes } from "../../src/outcome/outcomes.ts";
import { UpgradeSession } from "../../src/outcome/upgrade-session.ts";
import { testSlot } from "../support/slot.ts";
import { challenge, connectRequest, helloOk, refusal } from "../support/messages.ts";
import { BINARY, closeFrame, frame, TEXT } from "../support/websocket-frames.ts";

type Side = "client" | "gateway";
interface Sent {
  readonly by: Side;
  readonly bytes: Buffer;
}

const text = (by: Side, message: string): Sent => ({ by, bytes: frame(TEXT, message, by === "client") });
const sent: fc.Arbitrary<Sent> = fc.constantFrom(
  text("gateway", challenge),
  text("client", connectRequest({ client: { id: "cli" }, device: { id: "d" } })),
  text("gateway", helloOk()),
  text("gateway", refusal({ code: "NOT_PAIRED", details: { requestId: "r" } })),
  text("gateway", helloOk({}, "another")),
  text("gateway", '{"type":"event","event":"tick"}'),
  text("gateway", "not JSON"),
  text("client", '{"type":"req","id":"2","method":"ping"}'),
  { by: "client", bytes: frame(BINARY, "b", true) },
  { by: "gateway", bytes: closeFrame(1008, "pairing required", false) },
  { by: "client", bytes: closeFrame(1000, "", true) },
  { by: "client", bytes: Buffer.from("garbage") },
);

/** Starts a session after the 101; `reports` receives the transcript of each outcome. */
function startSession(reports: Transcript[] = []): UpgradeSession {
  const facts = { conn: "c", peer: "127.0.0.1", path: "/", startedAt: 0, sentCredential: false };
  const outcomes = new Outcomes();
  outcomes.on("settled", ({ transcript }) => reports.push(structuredClone(transcript)));
  const limits = new AuthLimits();
  const session = new UpgradeSession(facts, outcomes, testSlot(), limits);
  session.onResponse(101);
  return session;
}

/** Returns the transcript of each report. */
async function observe(script: readonly Sent[], cut: (bytes: Buffer) => Buffer[]): Promise<Transcript[]> {
  const reports: Transcript[] = [];
  const session = startSession(reports);
  for (const { by, bytes } of script) {
    for (const chunk of cut(bytes)) void session.onBytes(by, chunk);
    // As from sockets, each side's bytes arrive in separate iterations of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  session.onClosed("client");
  session.onClosed("gateway");
  return reports;
}

describe("the session of an upgrade", () => {
  it("reports once, and the same however the bytes are split", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent, { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        async (script, size) => {
          const whole = await observe(script, (bytes) => [bytes]);
          const pieces = await observe(script, (bytes) =>
            Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
              bytes.subarray(i * size, (i + 1) * size),
            ),
          );
          expect(whole).toHaveLength(1);
          expect(pieces).toEqual(whole);
        },
      ),
      { numRuns: 80 },
    );
  });

  it("does not change the connection's bytes", async () => {
    const script = [text("gateway", challenge), text("client", connectRequest()), text("gateway", helloOk())];
    const before = script.map(({ bytes }) => Buffer.from(bytes));
    await observe(script, (bytes) => [bytes]);
    expect(script.map(({ bytes }) => bytes)).toEqual(before);
  });

  it("stops reading once the handshake is over", () => {
    const session = startSession();
    expect(session.onBytes("gateway", frame(TEXT, challenge, false))).toBe(true);
    expect(session.onBytes("client", frame(TEXT, connectRequest(), true))).toBe(true);
    expect(session.onBytes("gateway", frame(TEXT, helloOk(), false))).toBe(false);
    expect(session.onBytes("client", frame(TEXT, "more", true))).toBe(false);
  });

  it("ignores a response to another request than connect", async () => {
    const script = [
      text("gateway", challenge),
      text("client", connectRequest()),
      text("gateway", helloOk({}, "x")),
    ];
    const [transcript] = await observe(script, (bytes) => [bytes]);
    expect(transcript).toMatchObject({ challenged: true, end: "client" });
    expect(transcript).not.toHaveProperty("response");
  });
});
