import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviceFor } from "../../src/outcome/outcome-advice.ts";
import { isNotPaired, judge, type OutcomeName, type Transcript } from "../../src/outcome/outcome.ts";
import type { ConnectResponse } from "../../src/openclaw/protocol.ts";
import { OUTCOME_NAMES } from "../support/outcome-names.ts";

// The gate denies before there is a transcript to judge.
const NAMES: ReadonlySet<OutcomeName> = new Set(OUTCOME_NAMES.filter((name) => name !== "denied"));

const word = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "PAIRING_REQUIRED",
    "NOT_PAIRED",
    "AUTH_RATE_LIMITED",
    "AUTH_X",
    "DEVICE_AUTH_X",
    "UNAVAILABLE",
  ),
  fc.constantFrom("pairing required: scope upgrade", "rate limit", "__proto__", "constructor", "toString"),
);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const response: fc.Arbitrary<ConnectResponse> = fc.oneof(
  fc.record({
    ok: fc.constant(true as const),
    version: maybe(word),
    protocol: maybe(fc.double()),
    role: maybe(word),
    scopes: maybe(fc.array(word)),
    deviceTokenIssued: fc.boolean(),
  }),
  fc.record({
    ok: fc.constant(false as const),
    code: word,
    message: word,
    detailsCode: maybe(word),
    reason: maybe(word),
    requestId: maybe(word),
    deviceId: maybe(word),
    retryAfterMs: maybe(fc.double()),
  }),
);
const side = fc.constantFrom("client" as const, "gateway" as const);
const connect = fc.record({
  id: word,
  client: fc.record({ id: maybe(word), mode: maybe(word), version: maybe(word), platform: maybe(word) }),
  role: maybe(word),
  scopes: maybe(fc.array(word)),
  deviceId: maybe(word),
  publicKey: maybe(word),
  auth: fc.array(word),
});

/** Generates everything that the type allows, even if it cannot occur. */
const transcript: fc.Arbitrary<Transcript> = fc.record(
  {
    challenged: fc.boolean(),
    connect,
    response,
    otherProtocol: fc.record({ by: side, reason: word }),
    close: fc.record({ by: side, code: fc.nat(65_535), reason: word }),
    http: fc.oneof(fc.record({ status: fc.nat(999) }), fc.record({ status: fc.nat(999), type: word })),
    unreachable: fc.record({ code: word, message: word }),
    end: fc.oneof(side, fc.constant("deadline" as const)),
  },
  { requiredKeys: ["challenged"] },
);

describe("judge", () => {
  it("has exactly one outcome for every transcript, with a reason and a fix unless all is well", () => {
    fc.assert(
      fc.property(transcript, (seen) => {
        const verdict = judge(seen);
        expect(NAMES).toContain(verdict.outcome);
        const fix = adviceFor(verdict, seen)?.fix;
        const connected = verdict.outcome === "connected" && !verdict.missingScopes;
        expect(typeof verdict.reason).toBe(connected ? "undefined" : "string");
        expect(fix === undefined).toBe(connected);
        expect(connected || (fix ?? "").length > 20).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("is pure", () => {
    fc.assert(
      fc.property(transcript, (seen) => {
        const before = structuredClone(seen);
        expect(judge(seen)).toEqual(judge(seen));
        expect(seen).toEqual(before);
      }),
    );
  });

  it.each([
    "invalid connect params: at root: unexpected property 'pairing required'",
    "invalid handshake: 'device identity required'",
  ])("does not match quoted client text in the gateway's message: %s", (message) => {
    const refused = { reason: undefined, requestId: undefined, deviceId: undefined, retryAfterMs: undefined };
    const refusal = {
      ok: false,
      code: "INVALID_REQUEST",
      message,
      detailsCode: undefined,
      ...refused,
    } as const;
    const refusedTranscript: Transcript = { challenged: true, response: refusal };
    expect(judge(refusedTranscript).outcome).toBe("gateway-closed");
    expect(
      judge({ ...refusedTranscript, close: { by: "gateway", code: 1008, reason: message } }).outcome,
    ).toBe("gateway-closed");
    expect(judge({ challenged: true, close: { by: "gateway", code: 1008, reason: message } }).outcome).toBe(
      "gateway-closed",
    );
    expect(isNotPaired(refusedTranscript)).toBe(false);
    expect(isNotPaired({ ...refusedTranscript, response: { ...refusal, code: "NOT_PAIRED" } })).toBe(true);
  });
});
