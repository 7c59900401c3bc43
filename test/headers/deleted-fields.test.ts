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

/** An independent copy of the list, to detect mistakes in the normalizer's table. */
const FORWARDING_NAME = /^(?:forwarded|x-real-ip|via|true-client-ip|(?:x|fly)(?:-cluster)?-client-ip)$/;
const FORWARDING_PREFIX = /^(?:x-forwarded|tailscale-|cf-|x-vercel-|x-original-)/;

function canonical(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

describe("normalize deletes", () => {
  it.each(FORWARDING)("%s in any case, with _ for -, empty and repeated", (name) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(spellingsOf([name]), fieldValue), { minLength: 1, maxLength: 4 }),
        (fields) => {
          const { rawHeaders, stripped } = normalize(
            ["Host", "a", ...fields.flat(), "Accept", "*/*"],
            TARGET,
          );
          expect(rawHeaders).toEqual(["Host", TARGET.authority, "Accept", "*/*"]);
          expect(stripped).toEqual(fields);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each(NEAR_MISSES)("%s only if --strip names it", (name) => {
    const headers = ["Host", "a", name, "1", name.toUpperCase().replaceAll("-", "_"), ""];
    expect(normalize(headers, TARGET).rawHeaders).toHaveLength(headers.length);
    const { rawHeaders, stripped } = normalize(headers, { ...TARGET, strip: [canonical(name)] });
    expect(rawHeaders).toEqual(["Host", TARGET.authority]);
    expect(stripped).toHaveLength(2);
  });

  it.each(HOP_BY_HOP)("%s, which belongs to one connection", (name) => {
    fc.assert(
      fc.property(spellingsOf([name]), (received) => {
        const { rawHeaders, stripped } = normalize(["Host", "a", received, "x-unknown"], TARGET);
        expect(rawHeaders).toEqual(["Host", TARGET.authority]);
        expect(stripped).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it("every forwarding and hop-by-hop field of any header section", () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        for (const [name] of pairs(normalize(headers, TARGET).rawHeaders)) {
          expect(canonical(name)).not.toMatch(FORWARDING_NAME);
          expect(canonical(name)).not.toMatch(FORWARDING_PREFIX);
          expect(HOP_BY_HOP.map((hopByHop) => hopByHop.toLowerCase())).not.toContain(canonical(name));
        }
      }),
    );
  });

  it("the fields that any Connection field names", () => {
    const headers = [
      "Host",
      "a",
      "Connection",
      "close, X-Hop",
      "X-Hop",
      "1",
      "connection",
      "x_other",
      "X-Other",
      "2",
    ];
    expect(normalize(headers, TARGET).rawHeaders).toEqual(["Host", TARGET.authority]);
  });

  it("offered extensions, which would make frames unreadable for the observer", () => {
    const headers = [
      "Host",
      "a",
      "Sec-WebSocket-Extensions",
      "permessage-deflate",
      "sec_websocket_extensions",
      "x",
    ];
    expect(normalize(headers, TARGET).rawHeaders).toEqual(["Host", TARGET.authority]);
  });

  it("nothing in a second pass", () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        const once = normalize(headers, TARGET);
        const twice = normalize(once.rawHeaders, TARGET);
        expect(twice).toEqual({ rawHeaders: once.rawHeaders, stripped: [] });
      }),
    );
  });

  it("none of its own framing fields in a second pass", () => {
    for (const framing of ["websocket", "chunked"] as const) {
      const once = normalize(["Host", "a", "Upgrade", "h2c", "X", "1"], { ...TARGET, framing });
      expect(normalize(once.rawHeaders, { ...TARGET, framing }).rawHeaders).toEqual(once.rawHeaders);
    }
  });
});
