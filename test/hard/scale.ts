/** 1 is what docs/reliability.md reports; CI takes less: `HARD_SCALE=0.04 npm run test:hard`. */
const SCALE = Number(process.env["HARD_SCALE"] ?? "1");

/** So many at full scale. */
export function scaled(full: number): number {
  return Math.max(1, Math.round(full * SCALE));
}
