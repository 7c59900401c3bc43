import { CREDENTIALS } from "./credentials.ts";
import { FRAMES } from "./frames.ts";
import { PAGES } from "./pages.ts";
import { PAIRING } from "./pairing.ts";
import { PROOFS } from "./proofs.ts";
import type { Scenario } from "./target.ts";

/** Everything that clients are known to do at a gateway's door, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...PAIRING,
  ...PROOFS,
  ...PAGES,
  ...FRAMES,
  ...CREDENTIALS,
};
