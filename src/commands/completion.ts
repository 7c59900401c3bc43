import type { Command } from "../cli/command.ts";
import { flagName, type FlagTable } from "../settings/setting-row.ts";
import { SettingsError, shownValue } from "../settings/settings-error.ts";
import { SETTINGS } from "../settings/settings.ts";

/** A flag, or the operand of a command. */
interface Word {
  /** With its dashes; absent for an operand. */
  readonly flag?: string;
  /** The commands that take it. */
  readonly takers: readonly string[];
  readonly help: string;
  /** The name of its value; absent for a switch. */
  readonly metavar?: string | undefined;
  readonly repeatable?: true | undefined;
  /** The values to offer: all that it takes, or the default ones. */
  readonly values: readonly string[];
}

const BOTH: FlagTable = { help: { help: "what it does, and its flags" }, version: { help: "the version" } };

const SCRIPTS: ReadonlyMap<string, (commands: readonly Command[], words: readonly Word[]) => string> =
  new Map([
    ["bash", bashScript],
    ["zsh", zshScript],
    ["fish", fishScript],
  ]);

/** Returns the command `completion SHELL`. Its script has all names, so that completing a word runs no program. */
export function printCompletion(commands: readonly Command[]): Awaited<ReturnType<Command["load"]>> {
  return async (args, { stdout }) => {
    const shell = args.join(" ");
    const script = SCRIPTS.get(shell);
    if (!script) {
      const setting = `completion ${shownValue(shell)}`.trimEnd();
      throw new SettingsError({ setting, problem: "give one of bash, zsh, fish" });
    }
    stdout.write(script(commands, wordsOf(commands)));
    return 0;
  };
}

function wordsOf(commands: readonly Command[]): Word[] {
  const words = new Map<string, Word>();
  for (const { name, flags, operands = "", withoutSettings } of commands) {
    const table: FlagTable = { ...BOTH, ...(withoutSettings ? {} : SETTINGS), ...flags };
    for (const [key, row] of Object.entries(table)) {
      const { help, metavar, repeatable, parse, default: texts = [] } = row;
      const takers = [...(words.get(key)?.takers ?? []), name];
      // Readline breaks a word at a colon.
      const values = parse?.words ?? texts.filter((text) => !text.includes(":"));
      words.set(key, { flag: `--${flagName(key)}`, takers, help, metavar, repeatable, values });
    }
    const values = operands.includes("|") ? operands.split("|") : [];
    if (operands !== "") words.set(operands, { takers: [name], help: "", metavar: operands, values });
  }
  return [...words.values()];
}

function bashScript(commands: readonly Command[], words: readonly Word[]): string {
  const paths = words.filter((word) => isFile(word) || isFolder(word));
  const valued = words.filter((word) => word.flag && word.metavar && !paths.includes(word));
  return `# Completion of openclaw-shim for bash: save it as ~/.local/share/bash-completion/completions/openclaw-shim,
# or write into ~/.bashrc: eval "$(openclaw-shim completion bash)"
_openclaw_shim() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words=
  # --flag=value is three words.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  COMPREPLY=()
  case $command in (${words
    .filter(isCommand)
    .flatMap(({ takers }) => takers)
    .join("|")})
    local at
    for ((at = 2; at < COMP_CWORD; at++)); do
      if [[ \${COMP_WORDS[at]} == -- ]]; then
        # A function of the package bash-completion.
        if declare -F _command_offset >/dev/null; then _command_offset $((at + 1))
        elif ((at + 1 == COMP_CWORD)); then COMPREPLY=($(compgen -c -- "$cur")); fi
        return
      fi
    done
  esac
  case $prev in (${paths.map(({ flag }) => flag).join("|")}) return ;; esac
  # Offers files only there. Bash 3 has no compopt.
  compopt +o default 2>/dev/null
  case $prev in
${lines(valued, ({ flag, values }) => `    (${flag}) words=${quoted(values.join(" "))} ;;`)}\
    (*)
      if [[ $command == -* ]]; then command=${commands[0]?.name}
      elif ((COMP_CWORD == 1)); then words=${quoted(commands.map(({ name }) => name).join(" "))} command=; fi
${lines(words, ({ flag, values, takers }) => `      ${when(takers, `words+=${quoted(` ${flag ?? values.join(" ")}`)}`)}`)}\
  esac
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _openclaw_shim openclaw-shim
`;
}

function zshScript(commands: readonly Command[], words: readonly Word[]): string {
  const spec = (word: Word): string => {
    const { flag, help, metavar = "", repeatable, values } = word;
    const list = values.length > 0 ? `(${values.join(" ")})` : " ";
    const action = isFile(word) ? "_files" : isFolder(word) ? "_files -/" : list;
    const value = metavar === "" ? "" : `:${zshEscaped(metavar)}:${action}`;
    if (flag === undefined) return isCommand(word) ? "*:: : _normal" : `1${value}`;
    return `${repeatable ? "*" : ""}${flag}${value === "" ? "" : "="}[${zshEscaped(help)}]${value}`;
  };
  return `#compdef openclaw-shim
# Completion of openclaw-shim for zsh: save it as _openclaw-shim in a folder of $fpath,
# or write into ~/.zshrc, after compinit: source <(openclaw-shim completion zsh)
_openclaw-shim() {
  local command=${commands[0]?.name}
  # $commands is the shell's own.
  local -a names specs
  names=(
${lines(commands, ({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)}\
  )
  if [[ $words[2] != -* ]]; then
    if ((CURRENT == 2)); then
      _describe command names
      return
    fi
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
${lines(words, (word) => `  ${when(word.takers, `specs+=${quoted(spec(word))}`)}`)}\
  _arguments -S $specs
}
if [[ $funcstack[1] == _openclaw-shim ]]; then _openclaw-shim "$@"; else compdef _openclaw-shim openclaw-shim; fi
`;
}

function fishScript(commands: readonly Command[], words: readonly Word[]): string {
  return `# Completion of openclaw-shim for fish: save it as ~/.config/fish/completions/openclaw-shim.fish,
# or write into ~/.config/fish/config.fish: openclaw-shim completion fish | source
function __openclaw_shim_takes
    set -l words (commandline -opc)
    set -l command ${commands[0]?.name}
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        set command $words[2]
    end
    contains -- $command $argv
end
function __openclaw_shim_rest
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end
complete -c openclaw-shim -f
${lines(commands, ({ name, summary }) =>
  fishLine("test (count (commandline -opc)) -eq 1", `-a ${name} -d ${fishQuoted(summary)}`),
)}\
${lines(words, (word) => {
  const { flag, takers, help, metavar, values } = word;
  const folders = isFolder(word) ? "(__fish_complete_directories)" : values.join(" ");
  const offered = isCommand(word) ? "(__openclaw_shim_rest)" : folders;
  const parts = [
    ...(flag === undefined ? [] : [`-l ${flag.slice(2)} -d ${fishQuoted(help)}`]),
    ...(metavar === undefined ? [] : [isFile(word) ? "-r -F" : "-x"]),
    ...(offered === "" ? [] : [`-a ${fishQuoted(offered)}`]),
  ];
  return fishLine(`__openclaw_shim_takes ${takers.join(" ")}`, parts.join(" "));
})}`;
}

function fishLine(condition: string, rest: string): string {
  return `complete -c openclaw-shim -n ${fishQuoted(condition)} ${rest}`;
}

function isFile({ metavar }: Word): boolean {
  return metavar === "FILE" || metavar === "PATH";
}

function isFolder({ metavar }: Word): boolean {
  return metavar === "DIR";
}

/** Returns true for a command of the shell, with its arguments, after `--`. */
function isCommand({ flag, metavar }: Word): boolean {
  return flag === undefined && metavar?.startsWith("--") === true;
}

function lines<T>(items: readonly T[], line: (item: T) => string): string {
  return items.map((item) => `${line(item)}\n`).join("");
}

/** Returns a line of bash or zsh that does something for some commands only. */
function when(takers: readonly string[], action: string): string {
  return `case $command in (${takers.join("|")}) ${action} ;; esac`;
}

function zshEscaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

/** Quotes a text for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
