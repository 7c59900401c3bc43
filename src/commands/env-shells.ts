/** The syntax of one shell for setting variables. */
export interface Shell {
  readonly comment: (text: string) => string;
  /** Undefined unsets the variable. A value has no character that is special to a shell. */
  readonly set: (name: string, value: string | undefined) => string;
  /** Sets the variable to the text of a file. */
  readonly read: (name: string, path: string) => string;
  /** Sets the variable to its value in a file that Node.js reads with `--env-file`. */
  readonly readDotenv: (name: string, path: string) => string;
  /** What else is to be done if a line reads a file. */
  readonly readNote?: string;
}

const posix = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const powershell = (text: string): string => `'${text.replaceAll(/['\u2018-\u201B]/g, "$&$&")}'`;

/** The shells that `env` knows. */
export const SHELLS: Readonly<Record<"sh" | "powershell" | "cmd", Shell>> = {
  sh: {
    comment: (text) => `# ${text}`,
    set: (name, value) => (value === undefined ? `unset ${name}` : `export ${name}=${value}`),
    read: (name, path) => `export ${name}="$(cat ${posix(path)})"`,
    readDotenv: (name, path) =>
      `export ${name}="$(${posix(process.execPath)} --env-file=${posix(path)} -p process.env.${name})"`,
  },
  powershell: {
    comment: (text) => `# ${text}`,
    // An empty value unsets.
    set: (name, value = "") => `$env:${name} = '${value}'`,
    read: (name, path) => `$env:${name} = (Get-Content -Raw -LiteralPath ${powershell(path)}).Trim()`,
    readDotenv: (name, path) =>
      `$env:${name} = & ${powershell(process.execPath)} ${powershell(`--env-file=${path}`)} -p process.env.${name}`,
  },
  cmd: {
    comment: (text) => (text.startsWith("REM ") ? text : `REM ${text}`),
    set: (name, value = "") => `SET ${name}=${value}`,
    // A line that FOR runs cannot redirect, so these are to be run by hand.
    read: (name, path) => `REM SET /P ${name}=<"${path}"`,
    readDotenv: (name, path) => `REM Set ${name} as in ${path}`,
    readNote: "note: enter the lines behind REM yourself, without REM: cmd.exe runs them in no other way",
  },
};
