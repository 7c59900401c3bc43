import { parseEnv } from "node:util";
import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeEnvironment } from "../../src/commands/service/service-settings.ts";

const NAME = "OPENCLAW_SHIM_CONFIG";

describe("the environment file", () => {
  it("keeps its lines, and replaces the variables that are set again", () => {
    const before = "# mine\nOPENCLAW_SHIM_HOLD=10s\n\nexport OPENCLAW_SHIM_DRAIN=1s\nOTHER='x y'\n";
    const values = new Map([
      ["OPENCLAW_SHIM_HOLD", "20s"],
      ["OPENCLAW_SHIM_LISTEN", "127.0.0.1:1,[::1]:1"],
    ]);
    const after = "# mine\n\nexport OPENCLAW_SHIM_DRAIN=1s\nOTHER='x y'\n";
    expect(mergeEnvironment(before, values)).toBe(
      `${after}OPENCLAW_SHIM_HOLD=20s\nOPENCLAW_SHIM_LISTEN=127.0.0.1:1,[::1]:1\n`,
    );
  });

  it("is the same after the same settings again", () => {
    const once = mergeEnvironment(undefined, new Map([[NAME, "/a b"]]));
    expect(mergeEnvironment(once, new Map([[NAME, "/a b"]]))).toBe(once);
    expect(mergeEnvironment(once, new Map())).toBe(once);
  });

  it("returns every value that it accepts", () => {
    assert(
      property(string({ unit: "grapheme", minLength: 1 }), (value) => {
        let text;
        try {
          text = mergeEnvironment("A=b\n", new Map([[NAME, value]]));
        } catch {
          return;
        }
        expect(parseEnv(text)).toEqual({ A: "b", [NAME]: value });
      }),
    );
  });

  it.each(["a\nB=c", "a\rb", "a\u0000b"])("refuses %j", (value) => {
    expect(() => mergeEnvironment(undefined, new Map([[NAME, value]]))).toThrow(
      `${NAME}: contains a line break or another control character`,
    );
  });

  it("refuses a value that no quotes can hold", () => {
    expect(() => mergeEnvironment(undefined, new Map([[NAME, `/it's "x"`]]))).toThrow(
      `${NAME}: contains a single quote`,
    );
  });
});
