import { Receiver } from "ws";
import { ScopeCeiling } from "../../../src/ceiling/scope-ceiling.ts";
import { AuthLimits } from "../../../src/outcome/auth-limits.ts";
import { credentialResult } from "../../../src/outcome/credential.ts";
import { Outcomes } from "../../../src/outcome/outcomes.ts";
import { UpgradeSession } from "../../../src/outcome/upgrade-session.ts";
import { fieldsOf } from "../../../src/text/json.ts";
import type { Side } from "../../../src/upstream/splice.ts";
import { testSlot } from "../../support/slot.ts";
import { challenge, connectRequest, helloOk, refusal } from "../../support/messages.ts";
import { BINARY, closeFrame, frame, TEXT } from "../../support/websocket-frames.ts";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";
import { isPrintable, invariant, type RunResult, type Target } from "./target.ts";

const SEEDS = [
  challenge,
  connectRequest({ client: { id: "cli", mode: "cli" }, auth: { token: "t" }, device: { id: "d" } }),
  connectRequest({ client: { id: "cli", mode: "cli" }, scopes: ["operator.read", "operator.admin"] }),
  helloOk({ auth: { role: "operator", scopes: ["operator.read"], deviceToken: "dt" } }),
  refusal({
    code: "NOT_PAIRED",
    details: { code: "PAIRING_REQUIRED", reason: "not-paired", requestId: "r" },
  }),
  refusal({ code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH" }, retryAfterMs: 1 }),
  refusal({ code: "UNAVAILABLE", details: { reason: "startup-sidecars" } }),
] as const;
const WORDS = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "\\",
  "\\u0000",
  "null",
  "true",
  "1e999",
  "-0",
  "\u0000",
  '"type"',
  '"res"',
  '"req"',
  '"event"',
  '"id"',
  '"ok"',
  '"error"',
  '"details"',
  '"scopes"',
  '["operator.admin"]',
  '"code"',
  '"reason"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  "{}",
  '""',
  "\u001b[31m",
  "\u202e",
  "\u00ff\u00fe",
  "\n",
  "connect",
  "connect.challenge",
  "hello-ok",
  "PAIRING_REQUIRED",
  "AUTH_TOKEN_MISMATCH",
  "$(id)",
  "--latest",
  "\u0081\u0085",
  "\u0088\u0082",
  "\u0001\u0000",
  "\u0080\u007f",
  "\u00c1\u0001",
  "\u0089\u0000",
  "\u008f",
] as const;
const SIDES = ["client", "gateway"] as const;
/** An outcome line has a few capped texts. */
const LINE_LIMIT = 32 * 1024;

/** Passes frames of both sides to the observer, the judge and the outcome report, in this process. */
export function framesTarget(): Target {
  const reporter = new Outcomes();
  let outcomes = 0;
  reporter.on("settled", ({ outcome, transcript }) => {
    outcomes += 1;
    invariant(reporter.recent.at(-1) === outcome, "every outcome is stored");
    credentialResult(outcome, transcript, false);
    const line = JSON.stringify(outcome);
    invariant(line.length < LINE_LIMIT, "an outcome line is short", line.length);
    invariant(isPrintable(line), "an outcome line is printable", line);
    invariant(outcome.outcome === "connected" || outcome.fix !== undefined, "a refusal has a fix", line);
  });
  return {
    seeds: SEEDS,
    words: WORDS,
    async run(input, random): Promise<RunResult> {
      const conversation = handshakeWith(input, random);
      outcomes = 0;
      const startedAt = performance.now();
      const facts = { conn: "c", peer: "127.0.0.1", path: "/", startedAt, sentCredential: false };
      const limits = new AuthLimits();
      const session = new UpgradeSession(facts, reporter, testSlot(), limits);
      session.onResponse(101);
      let read = 0;
      for (const { side, bytes } of conversation) {
        // Bytes after the outcome are only relayed.
        if (outcomes === 0) read += 1;
        const before = Buffer.from(bytes);
        const more = session.onBytes(side, bytes);
        invariant(typeof more === "boolean", "no bytes are held without an approver");
        invariant(before.equals(bytes), "relayed bytes are not changed", before.toString("latin1"));
      }
      const early = outcomes;
      session.onClosed(random.one(SIDES));
      session.onClosed("client");
      invariant(outcomes === 1, "there is exactly one outcome", outcomes);
      await runGuarded(conversation);
      return { units: read, passed: early };
    },
    close: () => Promise.resolve(),
  };
}

/** Passes the same frames to the guard of `--max-scopes`, for a gateway that ignores the ceiling. */
async function runGuarded(conversation: readonly Sent[]): Promise<void> {
  const ceiling = new ScopeCeiling(["operator.read"], () => Promise.resolve(false));
  const reporter = new Outcomes();
  const facts = { conn: "c", peer: "127.0.0.1", path: "/", startedAt: 0, sentCredential: false };
  const session = new UpgradeSession(facts, reporter, testSlot(), new AuthLimits());
  const guard = ceiling.guard(session);
  guard.onResponse(101);
  const forwarded: Buffer[] = [];
  for (const { side, bytes } of conversation) {
    const verdict = await guard.onBytes(side, bytes);
    if (typeof verdict === "object" || reporter.recent[0]?.outcome === "connected") break;
    if (side === "client") forwarded.push(bytes);
  }
  guard.onClosed("client");
  invariant(reporter.recent.length === 1, "there is exactly one outcome with a ceiling");
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: true, maxPayload: 64 * 1024 });
  receiver.on("message", (data) => messages.push(String(data)));
  receiver.on("error", () => {});
  receiver.write(Buffer.concat(forwarded));
  invariant(messages.length <= 1, "one message before hello-ok", messages);
  const [message] = messages;
  const scopes = message === undefined ? [] : requestedScopes(message);
  invariant(
    Array.isArray(scopes) && scopes.every((scope) => scope === "operator.read"),
    "scopes are within the ceiling",
    message,
  );
}

/** Returns the scopes as a gateway reads them; throws if the message is not a connect. */
function requestedScopes(message: string): unknown {
  const { method, params } = fieldsOf(JSON.parse(message));
  invariant(method === "connect", "the first message is a connect", message);
  return fieldsOf(params)["scopes"] ?? [];
}

interface Sent {
  readonly side: Side;
  readonly bytes: Buffer;
}

/** Returns a handshake with the input as one of its messages, in valid or mutated frames. */
function handshakeWith(input: Buffer, random: Random): Sent[] {
  const sent: Sent[] = [];
  const script = [SEEDS[0], random.one([SEEDS[1], SEEDS[2]]), random.one(SEEDS)];
  const at = random.below(4);
  for (let i = 0; i < 3 + random.below(3); i += 1) {
    const payload = i === at ? input : Buffer.from(script[i] ?? random.one(SEEDS), "latin1");
    const side = random.below(8) === 0 ? random.one(SIDES) : i % 2 === 0 ? "gateway" : "client";
    sent.push({ side, bytes: framed(payload, side, random) });
  }
  return sent;
}

function framed(payload: Buffer, side: Side, random: Random): Buffer {
  const kind = random.below(20);
  const masked = kind === 19 ? side === "gateway" : side === "client";
  if (kind === 0) return payload;
  if (kind === 1) return frame(BINARY, payload, masked);
  if (kind === 2)
    return closeFrame(random.one([1000, 1008, 1013, 999, 65_535]), payload.toString("latin1", 0, 90), masked);
  const whole = frame(kind === 3 ? random.below(16) : TEXT, payload, masked);
  return kind < 7 ? mutate(whole, payload, WORDS, random) : whole;
}
