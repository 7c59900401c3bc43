import { CREDENTIALS } from "./credentials.ts";
import { FRAMES } from "./frames.ts";
import { PAGES } from "./pages.ts";
import { PAIRING } from "./pairing.ts";
import { PROOFS } from "./proofs.ts";
import type { Scenario } from "./target.ts";

/** Every kind of handshake, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...PAIRING,
  ...PROOFS,
  ...PAGES,
  ...FRAMES,
  ...CREDENTIALS,
};
