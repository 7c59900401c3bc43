import type { Stdout } from "../log/logger.ts";
import type { CommandFlag } from "../settings/flags.ts";

/** What a command may know and use of the process; main.ts hands it in. */
export interface CommandContext {
  /** What follows the command's name. */
  readonly args: readonly string[];
  /** The command's own flags, from the table of commands. */
  readonly flags: readonly CommandFlag[];
  readonly env: NodeJS.ProcessEnv;
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly stdout: Stdout;
  /** Prints one line on stderr, after the program's name. */
  readonly complain: (line: string) => void;
  /** Resolves at the first SIGTERM or SIGINT, which from this call on no longer end the process; the second does. */
  readonly stopped: () => Promise<void>;
}

/** Does the work of a command and gives its exit code. Bad settings are thrown as SettingsError. */
export type RunCommand = (context: CommandContext) => Promise<number>;

/** One row of the table of commands. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** A few more lines for the command's own `--help`. */
  readonly detail: readonly string[];
  readonly flags: readonly CommandFlag[];
  /** What to write, for a use that is not the plainest. */
  readonly example?: string;
  /** It takes none of the settings. */
  readonly withoutSettings?: true;
  /** Loads the code of the command, which the others do not need. */
  readonly load: () => Promise<RunCommand>;
}
