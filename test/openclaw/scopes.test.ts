import { describe, expect, it } from "vitest";
import { adminCovers, coversScope } from "../../src/openclaw/scopes.ts";

describe("operator scopes", () => {
  it.each([
    ["operator.read", ["operator.read"], true, true],
    ["operator.talk.secrets", ["operator.admin"], true, true],
    ["node.invoke", ["operator.admin"], false, false],
    ["operator.read", ["operator.write"], false, true],
    ["operator.sessions.read", ["operator.read"], false, true],
    ["operator.write", ["operator.read"], false, false],
    ["operator.admin", ["operator.write"], false, false],
    ["constructor", ["operator.admin"], false, false],
  ])("%s by %j: admin alone covers %s, implied scopes cover %s", (scope, held, admin, implied) => {
    expect(adminCovers(held, scope)).toBe(admin);
    expect(coversScope(held, scope)).toBe(implied);
  });
});
