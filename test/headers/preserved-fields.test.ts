import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/headers/normalize.ts";
import {
  anyHeaders,
  disguised,
  fieldValue,
  FORWARDING,
  HOP_BY_HOP,
  NEAR_MISSES,
  pairs,
  TARGET,
} from "../support/header-fields.ts";

/** Fields that nothing may take from a request, whatever `Connection` says. */
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

const kept = fc.tuple(
  fc.oneof(
    fc.constantFrom<string>(...NEAR_MISSES, ...END_TO_END),
    fc.stringMatching(/^[Yy][A-Za-z0-9-]{0,6}$/),
  ),
  fieldValue,
);
const deleted = fc.tuple(disguised([...FORWARDING, ...HOP_BY_HOP.slice(1)]), fieldValue);

describe("what normalize keeps", () => {
  it("everything else: order, case, repetition and value, byte for byte", () => {
    const mixed = fc.array(
      fc.oneof(
        kept,
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
      fc.property(disguised([name]), fc.nat(2), (option, place) => {
        const fields = [
          ["Host", "a"],
          [name, "value"],
        ];
        fields.splice(place, 0, ["Connection", `close, ${option} ,Host`]);
        const { rawHeaders } = normalize(fields.flat(), TARGET);
        expect(rawHeaders).toEqual(["Host", TARGET.authority, name, "value"]);
      }),
      { numRuns: 20 },
    );
  });

  it("latin1 and odd bytes in values", () => {
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

  it("its input as it was", () => {
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
