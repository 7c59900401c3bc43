import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/headers/normalize.ts";
import { anyHeaders, pairs, TARGET } from "../support/header-fields.ts";

const OWN = "http://127.0.0.1:18788";
const OWN_TARGET = { ...TARGET, origin: "http://127.0.0.1:18789" };

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return pairs(rawHeaders).flatMap(([field, value]) => (field.toLowerCase() === name ? [value] : []));
}

describe("Host", () => {
  it("is the gateway's authority, exactly once, for any header section", () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        expect(valuesOf(normalize(headers, TARGET).rawHeaders, "host")).toEqual([TARGET.authority]);
      }),
    );
  });

  it("keeps its position and case; the first of two is replaced", () => {
    const { rawHeaders, host } = normalize(
      ["Accept", "*/*", "hOST", "sb.vercel.run", "Host", "other"],
      TARGET,
    );
    expect(rawHeaders).toEqual(["Accept", "*/*", "hOST", TARGET.authority]);
    expect(host).toEqual({ from: "sb.vercel.run", to: TARGET.authority });
  });

  it("is added as the first field if absent", () => {
    expect(normalize(["Accept", "*/*"], TARGET).rawHeaders).toEqual([
      "Host",
      TARGET.authority,
      "Accept",
      "*/*",
    ]);
  });

  it("is not reported if unchanged", () => {
    expect(normalize(["Host", TARGET.authority], TARGET)).not.toHaveProperty("host");
  });
});

describe("Origin", () => {
  it("becomes the gateway's if the gate judged it the shim's own", () => {
    const { rawHeaders, origin } = normalize(["Host", "127.0.0.1:18788", "Origin", OWN], OWN_TARGET);
    expect(valuesOf(rawHeaders, "origin")).toEqual([OWN_TARGET.origin]);
    expect(origin).toEqual({ from: OWN, to: OWN_TARGET.origin });
  });

  it("stays absent if absent, with or without an own origin", () => {
    for (const target of [TARGET, OWN_TARGET]) {
      const normalized = normalize(["Host", "127.0.0.1:18788"], target);
      expect(valuesOf(normalized.rawHeaders, "origin")).toEqual([]);
      expect(normalized).not.toHaveProperty("origin");
    }
  });

  it("passes unchanged if foreign", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.stringMatching(/^https?:\/\/[a-z0-9.-]{1,20}(:\d{1,5})?$/),
          fc.constantFrom("null", "", "https://evil.example", OWN),
        ),
        (value) => {
          const normalized = normalize(["Origin", value, "Connection", "Origin"], TARGET);
          expect(valuesOf(normalized.rawHeaders, "origin")).toEqual([value]);
          expect(normalized).not.toHaveProperty("origin");
        },
      ),
    );
  });
});
