import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textWithoutSnapshot } from "../../src/openclaw/protocol.ts";

const SNAPSHOT = /snapshot$/;
// Strings that look like what is searched for, beside any others.
const word = fc.oneof(
  fc.constantFrom("snapshot", '"snapshot":{', 'x"snapshot', "\\", '\\"', '"', "{", "}", "é", "auth"),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, word, fc.integer(), fc.constant(null), tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(word, tie("value"), { maxKeys: 5 }),
}));

/** The first object that is the value of a key that ends in `snapshot`, in the order of the text, emptied. */
function emptied(json: string): unknown {
  let found = false;
  const visit = (node: unknown, key: string): unknown => {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return node.map((item) => visit(item, ""));
    if (!found && SNAPSHOT.test(key)) {
      found = true;
      return {};
    }
    return Object.fromEntries(Object.entries(node).map(([name, item]) => [name, visit(item, name)]));
  };
  return visit(JSON.parse(json), "");
}

describe("a gateway's message without its snapshot", () => {
  it("is the message with the first snapshot empty, whatever else there is in any string", () => {
    fc.assert(
      fc.property(value, (message) => {
        const json = JSON.stringify(message);
        expect(JSON.parse(textWithoutSnapshot(Buffer.from(json)))).toEqual(emptied(json));
      }),
      { numRuns: 500 },
    );
  });

  it("is the whole message where the snapshot has no end", () => {
    const text = '{"payload":{"snapshot":{"a":"}';
    expect(textWithoutSnapshot(Buffer.from(text))).toBe(text);
  });
});
