import type { Stdout } from "../log/logger.ts";
import { readArguments } from "../settings/arguments.ts";
import type { Sources } from "../settings/load.ts";
import type { FlagTable, Layer, Values } from "../settings/setting-row.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { SETTINGS } from "../settings/settings-table.ts";

/** What a command may use of the process; main.ts passes it. */
export interface ProcessContext {
  readonly env: NodeJS.ProcessEnv;
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly stdout: Stdout;
  /** Prints one line on stderr, after the program's name. */
  readonly complain: (line: string) => void;
  /** Resolves at the first SIGTERM or SIGINT, which from this call on do not end the process; a second one does. */
  readonly stopped: () => Promise<void>;
}

/** The process and the parsed arguments of a command; also the sources for `loadSettings`. */
export interface CommandContext<T extends FlagTable = FlagTable> extends ProcessContext, Sources {
  readonly env: NodeJS.ProcessEnv;
  readonly given: Layer;
  /** The values of the command's own flags. */
  readonly flags: Values<T>;
}

/** Runs a command and returns its exit code. Throws SettingsError for settings that cannot be used. */
export type RunCommand<T extends FlagTable> = (context: CommandContext<T>) => Promise<number>;

/** What `--help` shows of a command, and how to run it. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** A few more lines for the command's own `--help`. */
  readonly detail: readonly string[];
  /** The flags of this command alone. */
  readonly flags: FlagTable;
  /** An example for `--help`. */
  readonly example?: string;
  /** The command takes none of the settings. */
  readonly withoutSettings?: true;
  /** Loads the code of the command, which the others do not need. */
  readonly load: () => Promise<(args: readonly string[], context: ProcessContext) => Promise<number>>;
}

type CommandRow<T extends FlagTable> = Omit<Command, "flags" | "load"> & {
  readonly flags: T;
  readonly load: () => Promise<RunCommand<T>>;
};

/** Returns a command that parses its arguments once, by its own table of flags, before it runs. */
export function command<T extends FlagTable>(row: CommandRow<T>): Command {
  return {
    ...row,
    load: async () => {
      const run = await row.load();
      return (args, context) => {
        const { given, flags } = readArguments(args, row.flags, row.withoutSettings ? {} : SETTINGS);
        // Other commands report these together with the problems of all their settings.
        if (row.withoutSettings && given.problems.length > 0) throw new SettingsError(...given.problems);
        return run({ ...context, given, flags, terminal: context.stdout.isTTY });
      };
    },
  };
}
