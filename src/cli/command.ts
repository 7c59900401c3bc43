import type { Logger } from "pino";
import type { Stdout } from "../log/logger.ts";
import { readArguments, type Arguments } from "../settings/arguments.ts";
import { accessName, choice, displayName, webSocketUrl } from "../settings/parsers.ts";
import type { FlagTable } from "../settings/setting-row.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { SETTINGS } from "../settings/settings.ts";

/** What a command may use of the process; main.ts passes it. */
export interface ProcessContext {
  readonly env: NodeJS.ProcessEnv;
  /** How the user called this program, for commands to copy. */
  readonly program: string;
  readonly stdout: Stdout;
  /** Prints one line on stderr, after the program's name. */
  readonly complain: (line: string) => void;
  /** From this call on, a crash is logged there with its stack. */
  readonly logCrashes?: (logger: Logger) => void;
  /**
   * Resolves at the first SIGTERM or SIGINT, or when the terminal is closed. From this call on, only a second signal ends
   * the process.
   *
   * @returns the time in ms that the system leaves for the drain, if it limits it
   */
  readonly stopped: () => Promise<number | undefined>;
}

/** The process and the parsed arguments of a command; also the sources for `loadSettings`. */
export interface CommandContext<T extends FlagTable = FlagTable> extends ProcessContext, Arguments<T> {
  /** The words after `--`, for a command that takes them. */
  readonly operands: readonly string[];
}

/** A row of the table of commands. */
interface CommandRow<T extends FlagTable, Run> {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** A few more lines for the command's own `--help`. */
  readonly detail: readonly string[];
  /** The flags of this command alone. */
  readonly flags: T;
  /** What follows the flags, as `--help` shows it: `-- COMMAND ARG...`, or one of several words, `bash|zsh|fish`. */
  readonly operands?: string;
  readonly example?: string;
  /** What the exit codes mean, if not what they mean for all commands. */
  readonly exit?: string;
  /** The command takes none of the settings. */
  readonly withoutSettings?: true;
  /** Loads the code of the command, which the others do not need. It returns the exit code or throws SettingsError. */
  readonly load: () => Promise<Run>;
}

/** A command that parses its own arguments. */
export type Command = CommandRow<
  FlagTable,
  (args: readonly string[], context: ProcessContext) => Promise<number>
>;

/** Returns a command that parses its arguments once, by its own table of flags, before it runs. */
export function command<T extends FlagTable>(
  row: CommandRow<T, (context: CommandContext<T>) => Promise<number>>,
): Command {
  const load: Command["load"] = async () => {
    const run = await row.load();
    return (args, context) => {
      const [own, operands] = row.operands?.startsWith("--") ? splitOperands(args) : [args, []];
      const parsed = readArguments(own, row.flags, row.withoutSettings ? {} : SETTINGS);
      const { problems } = parsed.given;
      // Other commands report these together with the problems of all their settings.
      if (row.withoutSettings && problems.length > 0) throw new SettingsError(...problems);
      return run({ ...context, ...parsed, operands });
    };
  };
  return { ...row, load };
}

/** Splits words at the first `--`, which is left out. */
export function splitOperands(
  words: readonly string[],
): [own: readonly string[], operands: readonly string[]] {
  const end = words.indexOf("--");
  return end === -1 ? [words, []] : [words.slice(0, end), words.slice(end + 1)];
}

// The flags of each command, besides the settings. A command gets their values in `CommandContext<typeof X_FLAGS>`.

const JSON_FLAG = { help: "as JSON" } as const;
const DRY_RUN = { help: "only print what it would do" } as const;
const SYSTEM = { help: "the machine's service, not the user's" } as const;

export const DOCTOR_FLAGS = {
  via: {
    metavar: "URL",
    repeatable: true,
    parse: webSocketUrl,
    help: "a URL that tools use, to find the headers added there",
  },
  testDevice: { help: "try a new device, even if its request might stay for five minutes" },
  all: { help: "show what is fine, too" },
  json: JSON_FLAG,
} as const satisfies FlagTable;

export const PRE_PAIR_FLAGS = {
  stateDir: { metavar: "DIR", defaultNote: "~/.openclaw", help: "OpenClaw's state directory" },
  role: {
    metavar: "operator|node",
    repeatable: true,
    defaultNote: "operator",
    parse: choice("operator", "node"),
    help: "roles of the device",
  },
  scope: {
    metavar: "SCOPE",
    repeatable: true,
    defaultNote: "the five operator scopes",
    parse: accessName,
    help: "scopes of the device",
  },
  displayName: { metavar: "NAME", parse: displayName, help: "the device's name for operators" },
  dryRun: DRY_RUN,
  json: JSON_FLAG,
} as const satisfies FlagTable;

export const UNINSTALL_FLAGS = {
  system: SYSTEM,
  root: { metavar: "DIR", help: "the service of the image in DIR, which does not run" },
  dryRun: DRY_RUN,
} as const satisfies FlagTable;

export const INSTALL_FLAGS = {
  ...UNINSTALL_FLAGS,
  node: { metavar: "PATH", defaultNote: "this one", help: "the Node.js that runs the shim" },
} as const satisfies FlagTable;

export const STATUS_FLAGS = { listen: SETTINGS.listen, system: SYSTEM, json: JSON_FLAG } as const;

export const ENV_FLAGS = {
  shell: {
    metavar: "sh|powershell|cmd",
    defaultNote: "sh; on Windows powershell",
    parse: choice("sh", "powershell", "cmd"),
    help: "the shell that is to read the lines",
  },
  json: JSON_FLAG,
  openclawConfig: { help: "as a fragment of openclaw.json" },
} as const satisfies FlagTable;
