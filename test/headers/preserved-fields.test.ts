import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/headers/normalize.ts";
import {
  anyHeaders,
  fieldValue,
  FORWARDING,
  HOP_BY_HOP,
  NEAR_MISSES,
  pairs,
  spellingsOf,
  TARGET,
} from "../support/header-fields.ts";

/** End-to-end fields that must be preserved even if `Connection` names them. */
const END_TO_END = [
  "Origin",
  "Authorization",
  "Cookie",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "Sec-WebSocket-Protocol",
  "Content-Length",
  "Content-Type",
  "x-openclaw-scopes",
] as const;

const preserved = fc.tuple(
  fc.oneof(
    fc.constantFrom<string>(...NEAR_MISSES, ...END_TO_END),
    fc.stringMatching(/^[Yy][A-Za-z0-9-]{0,6}$/),
  ),
  fieldValue,
);
const deleted = fc.tuple(spellingsOf([...FORWARDING, ...HOP_BY_HOP.slice(1)]), fieldValue);

describe("normalize preserves", () => {
  it("all other fields byte for byte: order, case, repetition and value", () => {
    const mixed = fc.array(
      fc.oneof(
        preserved,
        deleted.map((field) => ({ field })),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(mixed, (fields) => {
        const input = fields.flatMap((entry) => (Array.isArray(entry) ? entry : entry.field));
        const expected = fields.filter((entry) => Array.isArray(entry));
        const { rawHeaders } = normalize(["Host", "a", ...input], TARGET);
        expect(pairs(rawHeaders)).toEqual([["Host", TARGET.authority], ...expected]);
      }),
    );
  });

  it.each(END_TO_END)("%s, even if Connection names it", (name) => {
    fc.assert(
      fc.property(spellingsOf([name]), fc.nat(2), (option, index) => {
        const fields = [
          ["Host", "a"],
          [name, "value"],
        ];
        fields.splice(index, 0, ["Connection", `close, ${option} ,Host`]);
        const { rawHeaders } = normalize(fields.flat(), TARGET);
        expect(rawHeaders).toEqual(["Host", TARGET.authority, name, "value"]);
      }),
      { numRuns: 20 },
    );
  });

  it("latin1 and control characters in values", () => {
    const headers = [
      "Host",
      "a",
      "X-Name",
      "caf\u00e9 \u0080\u00ff \t end",
      "__proto__",
      "x",
      "constructor",
      "y",
    ];
    expect(normalize(headers, TARGET).rawHeaders).toEqual(["Host", TARGET.authority, ...headers.slice(2)]);
  });

  it("its input array", () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        const before = [...headers];
        normalize(headers, TARGET);
        expect(headers).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});
