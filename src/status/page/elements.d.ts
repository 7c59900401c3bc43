import type { TimedOutcome } from "../../outcome/outcomes.ts";

declare global {
  /** One outcome as people read it (outcome.js). */
  interface ShimOutcome extends HTMLElement {
    /** Fills it; called once. */
    show(outcome: TimedOutcome): void;
  }

  /** The last outcomes, and the choice among them (outcomes.js). */
  interface ShimOutcomes extends HTMLElement {
    /** Takes an outcome, unless it is known; `fresh` is one that came while somebody looked. Says whether it was new. */
    add(outcome: TimedOutcome, fresh: boolean): boolean;
  }

  interface HTMLElementTagNameMap {
    "shim-outcome": ShimOutcome;
    "shim-outcomes": ShimOutcomes;
  }
}
