/** 1 for the results in docs/reliability.md; less in CI: `HARD_SCALE=0.04 npm run test:hard`. */
const SCALE = Number(process.env["HARD_SCALE"] ?? "1");

/** Scales a number; at least 1. */
export function scaled(full: number): number {
  return Math.max(1, Math.round(full * SCALE));
}
