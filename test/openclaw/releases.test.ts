import { describe, expect, it } from "vitest";
import { holds, isRelease, type ReleaseFact } from "../../src/openclaw/releases.ts";

describe("a release", () => {
  it.each([
    ["2026.9.6", true],
    ["2026.7.1-2", true],
    ["2026.10.1-beta.2", true],
    ["2026.9", false],
    ["dev", false],
    ["", false],
    [undefined, false],
  ])("is named by %s: %s", (version, expected) => {
    expect(isRelease(version)).toBe(expected);
  });
});

/** docs/gateway.md sections 1, 2, 3, 4 and 8: releases on which a fact was measured to hold, and not to hold. */
const MEASURED: readonly (readonly [ReleaseFact, holding: readonly string[], not: readonly string[]])[] = [
  [
    "scopeUpgradesRefused",
    ["2026.2.19", "dev", "2026.3.28", "2026.4.5", "2026.6.11", "2026.7.1-2", "2026.7.35"],
    ["2026.3.22", "2026.3.23-1", "2026.3.24", "2026.8.1", "2026.8.2", "2026.9.6", "2026.10.1"],
  ],
  ["trustedProxiesUnlocal", ["dev", "2026.2.19", "2026.3.23"], ["2026.4.5", "2026.9.6"]],
  ["hostDecidesLocality", ["2026.2.19", "2026.3.23"], ["2026.4.5", "2026.9.6"]],
  ["forwardingRefused", ["2026.8.1", "2026.9.6"], ["2026.2.19", "2026.4.5", "2026.7.1-2"]],
  ["scopeCeilingHeader", ["2026.8.1", "2026.9.6"], ["2026.7.1-2", "2026.7.35"]],
  [
    "backendKeepsScopes",
    ["2026.4.20", "2026.4.22", "2026.9.6"],
    ["dev", "2026.3.23", "2026.4.5", "2026.4.15"],
  ],
  ["cliKeepsScopes", ["2026.7.1", "2026.8.1", "2026.9.6"], ["2026.4.5", "2026.6.35"]],
  ["canvasWithoutToken", ["dev", "2026.2.19"], ["2026.3.23", "2026.9.6"]],
  ["sqliteState", ["2026.9.6"], ["2026.2.19", "2026.4.5"]],
  ["controlUiKeysRetired", ["2026.8.1", "2026.9.6"], ["2026.2.19", "2026.7.35"]],
  ["detailsCode", ["2026.3.23", "2026.9.6"], ["dev", "2026.2.19"]],
  ["impliedScopes", ["2026.3.23", "2026.4.5", "2026.9.6"], ["dev", "2026.2.19"]],
];

describe.each(MEASURED)("%s", (fact, holding, not) => {
  it("holds for the releases on which it was measured, and for no other", () => {
    expect(holding.filter((version) => !holds(fact, version))).toEqual([]);
    expect(not.filter((version) => holds(fact, version))).toEqual([]);
  });
});

describe("releases are ordered by month, patch and correction", () => {
  it.each([
    ["2026.3.28", true],
    ["2026.3.28-1", true],
    ["2026.3.24-2", false],
    ["2026.3.9", true],
    ["2026.7.1-2", true],
    ["2026.7.35", true],
    ["2026.8.1-beta.1", false],
    ["2026.8.1-1", false],
    ["2026.10.1", false],
    ["2027.1.1", false],
  ])("%s refuses scope upgrades: %s", (version, expected) => {
    expect(holds("scopeUpgradesRefused", version)).toBe(expected);
  });
});

it("an unnamed release counts as 2026.2.19", () => {
  for (const [fact] of MEASURED) expect(holds(fact, undefined)).toBe(holds(fact, "2026.2.19"));
});
