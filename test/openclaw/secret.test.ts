import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/openclaw/token.ts";

describe("Secret", () => {
  const secret = new Secret("sekrit");

  it("returns its text from reveal()", () => {
    expect(secret.reveal()).toBe("sekrit");
  });

  it.each([
    ["a template", String(secret as unknown)],
    ["JSON", JSON.stringify({ secret })],
    ["inspect", inspect({ secret }, { depth: 9, showHidden: true })],
    ["format", format("%s %o %j", secret, secret, secret)],
    ["a copy", JSON.stringify(Object.assign({}, secret))],
    ["its members", inspect(Object.entries(secret))],
  ])("is not printed by %s", (_, text) => {
    expect(text).not.toContain("sekrit");
  });
});
