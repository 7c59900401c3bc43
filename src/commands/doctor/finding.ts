/**
 * What a check says: `ok`, `note` (worth knowing, nothing to do), `fix` (something to do), or `unknown` (it could not
 * be checked, and why).
 */
export type FindingStatus = "ok" | "note" | "fix" | "unknown";

/** One row of the table, fit to print: no secret, no control characters. */
export interface Finding {
  /** Name of the check, one or two words. */
  readonly check: string;
  readonly status: FindingStatus;
  /** One sentence without a full stop. */
  readonly finding: string;
  /** The one command or setting that mends it. Always there with `fix`. */
  readonly fix?: string;
}

/** Judges what was gathered. */
export type Check<Known> = (facts: Known) => Finding | readonly Finding[];

/** What one check says, in its name. */
export interface Say {
  ok(finding: string): Finding;
  note(finding: string, fix?: string): Finding;
  fix(finding: string, fix: string): Finding;
  unknown(finding: string): Finding;
}

/** Makes the findings of one check. */
export function findingsOf(check: string): Say {
  return {
    ok: (finding) => ({ check, status: "ok", finding }),
    note: (finding, fix) => ({ check, status: "note", finding, ...(fix === undefined ? {} : { fix }) }),
    fix: (finding, fix) => ({ check, status: "fix", finding, fix }),
    unknown: (finding) => ({ check, status: "unknown", finding }),
  };
}
