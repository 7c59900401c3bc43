import { existsSync } from "node:fs";
import { delimiter, dirname, extname, join } from "node:path";
import type { Environment } from "../../openclaw/config.ts";
import { readSmallFile } from "../../openclaw/small-file.ts";

const MAX_BYTES = 16_384;

/**
 * Replaces the `.cmd` file that npm installs for a program on Windows, such as `openclaw`, by Node.js with the program's
 * script: Node.js starts no batch file without a shell, and cmd.exe would read the arguments a second time.
 *
 * @returns the command itself if it is something else
 */
export function withoutNpmLauncher(
  [file, ...args]: readonly [string, ...string[]],
  env: Environment,
): [string, ...string[]] {
  if (process.platform !== "win32") return [file, ...args];
  const name = extname(file).toLowerCase() === ".cmd" ? file : `${file}.cmd`;
  const folders = /[\\/]/.test(file) ? [""] : (env["Path"] ?? env["PATH"] ?? "").split(delimiter);
  for (const folder of folders.map((text) => text.replaceAll('"', ""))) {
    if (existsSync(join(folder, `${file}.exe`))) break;
    const launcher = readSmallFile(join(folder, name), MAX_BYTES);
    if ("why" in launcher) continue;
    const [, script] = /"%(?:~dp0|dp0%)\\([^"%]+\.[cm]?js)"[^\n]*%\*/.exec(launcher.text) ?? [];
    if (script === undefined) break;
    const own = join(folder, dirname(name), "node.exe");
    return [existsSync(own) ? own : "node", join(folder, dirname(name), script), ...args];
  }
  return [file, ...args];
}
