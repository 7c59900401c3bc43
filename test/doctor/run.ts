import type { Finding } from "../../src/doctor/finding.ts";
import { start, type Bundle } from "../commands/bundle.ts";

/** What a run of the command came to. */
export interface DoctorRun {
  readonly code: number | null;
  readonly ok: boolean;
  readonly local: boolean;
  readonly findings: readonly Finding[];
  readonly left: readonly { readonly deviceId: string; readonly requestId?: string }[];
  /** stdout and stderr, as printed. */
  readonly output: string;
  readonly ms: number;
  /** The findings of one check that are something to fix, or of that status. */
  of(check: string, status?: Finding["status"]): readonly Finding[];
}

interface Report {
  readonly ok: boolean;
  readonly local: boolean;
  readonly findings: readonly Finding[];
  readonly left: DoctorRun["left"];
}

/** Not the default address: a shim of this machine's could be there. */
const NOBODY_THERE = "127.0.0.1:1";

/** Runs `doctor --json` as a user does and reads what it says. @throws Error when it prints anything else */
export async function runDoctor(
  bundle: Bundle,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<DoctorRun> {
  const from = performance.now();
  const listen = args.includes("--listen") ? [] : ["--listen", NOBODY_THERE];
  const command = start(bundle, ["doctor", "--json", ...listen, ...args], env);
  const code = await command.exit;
  const output = [...command.stdout, ...command.stderr].join("\n");
  const [line = "", ...more] = command.stdout;
  if (more.length > 0 || command.stderr.length > 0 || !line.startsWith("{")) throw new Error(output);
  const report = JSON.parse(line) as Report;
  return {
    ...report,
    code,
    output,
    ms: performance.now() - from,
    of: (check, status = "fix") =>
      report.findings.filter((finding) => finding.check === check && finding.status === status),
  };
}

/** The names of the checks that have something to fix. */
export function toFix({ findings }: DoctorRun): readonly string[] {
  return [...new Set(findings.filter(({ status }) => status === "fix").map(({ check }) => check))];
}
