import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGatewayMessage, readHello } from "../../src/openclaw/protocol.ts";

// Keys and strings that look like what is searched for, beside any others.
const word = fc.oneof(
  fc.constantFrom(
    "features",
    "auth",
    "policy",
    ',"auth":{',
    ',"features":{',
    "\\",
    '\\"',
    '"',
    "{",
    "}",
    "é",
  ),
  fc.constantFrom("server", "version", "protocol", "type", "hello-ok", "scopes", "snapshot"),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);
const { value, object } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, word, fc.integer(), fc.constant(null), tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(word, tie("value"), { maxKeys: 5 }),
}));
const members = fc.tuple(
  fc.constant(["type", "hello-ok"]),
  fc.constant(["protocol", 4]),
  fc.tuple(fc.constant("server"), fc.oneof(fc.constant({ version: "2026.9.6" }), object)),
  fc.tuple(fc.constant("features"), object),
  fc.tuple(fc.constant("snapshot"), object),
  fc.tuple(fc.constant("auth"), fc.oneof(fc.constant({ scopes: ["a"], deviceToken: "t" }), value)),
  fc.tuple(fc.constant("policy"), object),
);

describe("a gateway's hello-ok", () => {
  it("is read as the whole message says, whatever is in the members that are not read, in any order", () => {
    const ordered = members.chain((all) =>
      fc.oneof(fc.constant(all), fc.shuffledSubarray(all, { minLength: 2 })),
    );
    fc.assert(
      fc.property(ordered, (payload) => {
        const message = { type: "res", id: "1", ok: true, payload: Object.fromEntries(payload) };
        const json = JSON.stringify(message);
        const response = readHello(JSON.parse(json).payload);
        const expected = response ? { kind: "response", id: "1", response } : { kind: "other" };
        expect(readGatewayMessage(Buffer.from(json))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
