import type { Caller } from "./caller.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
import type { CommandContext } from "../command.ts";

/** The process that runs a command, for what works on the service. */
export function callerOf({ env, stdout, complain }: CommandContext): Caller {
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    env,
    execPath: process.execPath,
    say: (line) => void stdout.write(`${line}\n`),
    warn: (line) => complain(`warning: ${line}`),
    note: (line) => complain(`note: ${line}`),
  };
}

/**
 * Does what may fail on the way, for reasons that lie in the machine.
 *
 * @returns 0, or 1 after one line that says what failed
 * @throws SettingsError
 */
export async function attempt(
  context: CommandContext,
  action: (caller: Caller) => Promise<void>,
): Promise<number> {
  try {
    await action(callerOf(context));
    return 0;
  } catch (error) {
    if (error instanceof SettingsError || !(error instanceof Error)) throw error;
    context.complain(printable(error.message, 600));
    return 1;
  }
}
