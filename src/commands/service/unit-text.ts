import { SettingsError } from "../../settings/settings-error.ts";

/**
 * A unit file with other values for one directive: they take the place of its lines, comments stay.
 *
 * @param values none takes the directive out
 * @throws TypeError where the unit has no such line: template and code must fit
 */
export function withDirective(unit: string, name: string, values: readonly string[]): string {
  const lines = unit.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`${name}=`));
  if (at === -1) throw new TypeError(`the unit has no ${name}=`);
  const rest = lines.slice(at).filter((line) => !line.startsWith(`${name}=`));
  return [...lines.slice(0, at), ...values.map((value) => `${name}=${value}`), ...rest].join("\n");
}

/**
 * A text for a directive that takes it as it stands: `%` would begin a specifier (systemd.unit(5), SPECIFIERS).
 *
 * @param what names it in the error
 * @throws SettingsError where it holds a line break or another control character, which would begin a new directive
 */
export function escaped(what: string, text: string): string {
  if (/\p{Cc}/u.test(text)) {
    throw new SettingsError([`${what}: holds a line break or another control character; write it without`]);
  }
  return text.replaceAll("%", "%%");
}

/**
 * A command line for ExecStart= (systemd.service(5), COMMAND LINES).
 *
 * @throws SettingsError as `escaped`, and where the program's path holds a `$`, which nothing can escape there
 */
export function commandLine([program, ...args]: readonly [string, ...string[]]): string {
  if (program.includes("$")) {
    throw new SettingsError([`--node: the path of Node may hold no $ in a unit; use another one`]);
  }
  return [program, ...args.map((arg) => arg.replaceAll("$", "$$$$"))]
    .map((word) => quotedWord(escaped("ExecStart", word)))
    .join(" ");
}

function quotedWord(word: string): string {
  return /^[\w@%+=:,./$-]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`;
}
