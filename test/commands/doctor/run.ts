import { readArguments } from "../../../src/settings/arguments.ts";
import { DOCTOR_FLAGS } from "../../../src/cli/command.ts";
import { findCommand } from "../../../src/commands/command-table.ts";
import { doctor } from "../../../src/commands/doctor/doctor-command.ts";
import type { LIMITS as DEFAULT_LIMITS } from "../../../src/commands/doctor/gateway-attempt.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import type { Stdout } from "../../../src/log/logger.ts";
import { start, type Bundle } from "../bundle.ts";

/** What a run came to. */
export interface DoctorRun extends Report {
  readonly code: number | null;
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
  readonly left: readonly { readonly deviceId: string; readonly requestId?: string; readonly at?: string }[];
}

type Env = Readonly<Record<string, string>>;

/** Not the default address, where a shim of this machine could listen. */
const NOBODY_THERE = "127.0.0.1:1";
/** Long enough for whoever answers, on a busy machine; a test of who does not passes less. */
const LIMITS: typeof DEFAULT_LIMITS = { gather: 8_000, clear: 3_000, handshake: 4_000, request: 2_000 };

/** Runs `doctor --json` in this process and reads what it says. @throws Error when it prints anything else */
export async function runDoctor(
  args: readonly string[],
  env: Env = {},
  limits: typeof DEFAULT_LIMITS = LIMITS,
): Promise<DoctorRun> {
  const found = await findCommand(argv(args));
  if ("text" in found) throw new Error(found.text);
  const stdout: string[] = [];
  const from = performance.now();
  const code = await doctor(
    {
      program: "openclaw-shim",
      ...readArguments(found.args, DOCTOR_FLAGS),
      env: { HOME: "/nonexistent", ...env },
      stdout: { isTTY: false, write: (text: string) => stdout.push(text) > 0 } as unknown as Stdout,
      complain: (line) => stdout.push(line),
      operands: [],
      stopped: () => new Promise(() => {}),
    },
    limits,
  );
  return read(code, stdout.join("").trimEnd().split("\n"), from);
}

/** Runs it as a user does. @throws Error when it prints anything but its report */
export async function runDoctorCommand(
  bundle: Bundle,
  args: readonly string[],
  env: Env = {},
): Promise<DoctorRun> {
  const from = performance.now();
  const command = start(bundle, argv(args), env);
  const code = await command.exit;
  return read(code, [...command.stdout, ...command.stderr], from);
}

/** The names of the checks that have something to fix. */
export function toFix({ findings }: DoctorRun): readonly string[] {
  return [...new Set(findings.filter(({ status }) => status === "fix").map(({ check }) => check))];
}

function argv(args: readonly string[]): readonly string[] {
  const listen = args.includes("--listen") ? [] : ["--listen", NOBODY_THERE];
  return ["doctor", "--json", ...listen, ...args];
}

function read(code: number | null, lines: readonly string[], from: number): DoctorRun {
  const output = lines.join("\n");
  if (lines.length !== 1 || !output.startsWith("{")) throw new Error(output);
  const report = JSON.parse(output) as Report;
  return {
    ...report,
    code,
    output,
    ms: performance.now() - from,
    of: (check, status = "fix") =>
      report.findings.filter((finding) => finding.check === check && finding.status === status),
  };
}
