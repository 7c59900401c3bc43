import type { CommandContext } from "../../src/cli/command.ts";
import { readArguments } from "../../src/settings/arguments.ts";
import type { FlagTable } from "../../src/settings/setting-row.ts";

/** The texts that a command wrote, line by line: to stdout, and to stderr. */
export interface Written {
  readonly said: string[];
  readonly warned: string[];
}

/** Returns what a command of the service runs with. */
export function commandContext<T extends FlagTable>(
  flags: T,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { said, warned }: Written,
): CommandContext<T> {
  return {
    ...readArguments(args, flags),
    env,
    program: "openclaw-shim",
    stdout: {
      write: (text: string) => said.push(...text.trimEnd().split("\n")),
    } as unknown as CommandContext["stdout"],
    complain: (line) => void warned.push(line),
    operands: [],
    stopped: () => Promise.reject(new Error("not used")),
  };
}
