import { describe, expect, it } from "vitest";
import { holds, isRelease, measuredRelease } from "../../src/openclaw/releases.ts";

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

  it.each([
    ["2026.4.5", "2026.4.5"],
    ["2026.1.30", "2026.2.19"],
    ["2026.3.22", "2026.3.23"],
    ["2026.3.9", "2026.3.13"],
    ["2026.4.10", "2026.4.22"],
    ["2026.3.23-1", "2026.3.23"],
    ["2026.4.5-beta.1", "2026.4.5"],
    ["2026.7.1-2", "2026.7.35"],
    ["2026.8.1", "2026.8.2"],
    ["2026.10.1", "2026.9.6"],
    ["2027.1.1", "2026.9.6"],
    ["dev", "2026.2.19"],
    [undefined, "2026.2.19"],
  ])("%s counts as the measured release %s", (version, expected) => {
    expect(measuredRelease(version)).toBe(expected);
  });
});

// The table is measured (npm run releases); this shows that it is read right.
it.each([
  ["dev", true],
  ["2026.2.19", true],
  ["2026.3.23", false],
  ["2026.3.28", true],
  ["2026.6.1", true],
  ["2026.7.35", true],
  ["2026.8.1", false],
  ["2026.10.1", false],
])("%s refuses scope upgrades: %s", (version, expected) => {
  expect(holds("scopeUpgradesRefused", version)).toBe(expected);
});
