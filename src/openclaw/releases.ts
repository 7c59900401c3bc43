import table from "./release-facts.json" with { type: "json" };

/**
 * A difference between releases. `npm run releases` measures each (test/gateway/matrix/situations.ts defines it) and
 * writes the table: the releases on which it holds.
 */
export type ReleaseFact = keyof typeof table.facts;

/** The measured releases, from the oldest. */
const MEASURED = table.measured.split(" ");

/** What an unnamed gateway counts as: 2026.2.19 names itself `dev` if npm did not start it. */
const UNNAMED = "2026.2.19";

/**
 * Returns true if a fact holds for a release.
 * @param version as in hello-ok; an absent or unknown one, such as `dev`, counts as 2026.2.19
 */
export function holds(fact: ReleaseFact, version: string | undefined): boolean {
  return table.facts[fact].split(" ").includes(measuredRelease(version));
}

/**
 * Returns the measured release that a version counts as: the nearest newer one, or the newest. A beta or correction
 * (2026.7.1-2) counts as its release.
 */
export function measuredRelease(version: string | undefined): string {
  const release = isRelease(version) ? version.replace(/-.*$/, "") : UNNAMED;
  return MEASURED.find((one) => order(one) >= order(release)) ?? MEASURED.at(-1) ?? UNNAMED;
}

/** Returns true if a version names a release: `2026.9.6`, `2026.7.1-2`, `2026.9.6-beta.1`. */
export function isRelease(version: string | undefined): version is string {
  return version !== undefined && /^20\d\d\.\d{1,2}\.\d{1,3}(?:-[\w.]+)?$/.test(version);
}

/** Returns a number that orders releases: 2026.7.1, 2026.7.33, 2026.10.1. (Intl.Collator takes 9 ms to load its tables.) */
function order(release: string): number {
  const [year = 0, month = 0, patch = 0] = release.split(".").map(Number);
  return (year * 100 + month) * 1000 + patch;
}
