import type { Advice } from "../../errors.ts";
import { printable } from "../../text/printable.ts";
import type { DoctorContext } from "./doctor-context.ts";

/** `ok`, `note` (nothing to do), `fix` (something to do) or `unknown` (could not be checked). */
export type FindingStatus = "ok" | "note" | "fix" | "unknown";

/** What one check found, printable and without a secret. With status `fix` there is always a fix. */
export interface Finding extends Partial<Advice> {
  readonly check: string;
  readonly status: FindingStatus;
  /** One sentence without a full stop. */
  readonly finding: string;
}

/** A finding before it has the check's name. It may hold text as received. */
export type Result = Omit<Finding, "check">;

/** One check: gathers what it needs, from the context or by itself, and judges it. */
export interface Check {
  /** One or two words. */
  readonly name: string;
  readonly run: (context: DoctorContext) => Promise<Result | readonly Result[]>;
}

export const ok = (finding: string): Result => ({ status: "ok", finding });
export const note = (finding: string, advice?: Advice): Result => ({ status: "note", finding, ...advice });
export const toFix = (finding: string, advice: Advice): Result => ({ status: "fix", finding, ...advice });
export const unknown = (finding: string, advice?: Advice): Result => ({
  status: "unknown",
  finding,
  ...advice,
});

const LIMIT = 600;

/** Makes a result of a check printable. */
export function findingOf(check: string, { status, finding, fix, command }: Result): Finding {
  return {
    check,
    status,
    finding: printable(finding, LIMIT),
    ...(fix !== undefined && { fix: printable(fix, LIMIT) }),
    ...(command !== undefined && { command: printable(command, LIMIT) }),
  };
}
