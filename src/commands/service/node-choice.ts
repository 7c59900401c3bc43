import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
import { isHidden } from "./places.ts";
import { runCommand } from "./run-command.ts";
import type { Target } from "./target.ts";

/** The tools that keep several versions of Node, by the folders in which they keep them. */
const MANAGERS: readonly (readonly [name: string, folder: RegExp])[] = [
  ["nvm", /\/\.?nvm\/versions\//],
  ["fnm", /\/\.?fnm(?:_multishells)?\//],
  ["volta", /\/\.?volta\//],
  ["asdf", /\/\.?asdf\//],
  ["mise", /\/mise\/installs\//],
  ["nodenv", /\/\.?nodenv\//],
  ["nvs", /\/\.?nvs\//],
  ["n", /\/n\/versions\//],
];

/** Where packages put Node. */
const USUAL = ["/usr/bin/node", "/usr/local/bin/node"] as const;
/** As in package.json, `engines`. */
const OLDEST = [20, 19] as const;

/** The Node that a service is pinned to: neither systemd nor launchd looks for one on a PATH. */
export interface ChosenNode {
  readonly path: string;
  readonly warning?: string;
}

/**
 * Chooses the Node of a service: `--node`, else the one that runs this, in an image the one that is there.
 *
 * @param given `--node`
 * @param execPath `process.execPath`
 * @throws SettingsError where it cannot be run, is too old, or hidden from the service
 */
export async function chooseNode(
  given: string | undefined,
  target: Target,
  execPath: string,
): Promise<ChosenNode> {
  if (target.kind === "image") return { path: imageNode(given, target.root) };
  const path = given === undefined ? stableNode(execPath) : resolve(given);
  const shown = printable(path, 120);
  if (target.kind === "systemd" && target.places.scope === "system" && isHidden(path)) {
    throw new SettingsError([
      `--node: ${shown} is hidden from the system service; give one outside of home folders`,
    ]);
  }
  const { code, stdout, why } = await runCommand([path, "--version"], {});
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? [];
  if (code !== 0 || major === 0) throw new SettingsError([`--node: ${shown} is not Node (${why})`]);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new SettingsError([
      `--node: ${shown} is Node ${major}.${minor}; give one from ${OLDEST.join(".")} on`,
    ]);
  }
  const manager = MANAGERS.find(([, folder]) => folder.test(path))?.[0];
  if (manager === undefined) return { path };
  return {
    path,
    warning:
      `${shown} belongs to ${manager}: the service stops working when ${manager} removes that version; ` +
      "pin one that stays, with --node PATH",
  };
}

/**
 * The Node of this process, by a path that survives an upgrade: Homebrew keeps each version in a folder of its own,
 * and in opt/ a link to the one that is current (docs.brew.sh/FAQ).
 */
function stableNode(execPath: string): string {
  const [, prefix, formula] = /^(.+)\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/.exec(execPath) ?? [];
  const current = `${prefix}/opt/${formula}/bin/node`;
  return prefix !== undefined && isExecutable(current) ? current : execPath;
}

function imageNode(given: string | undefined, root: string): string {
  if (given !== undefined) {
    if (given.startsWith("/")) return given;
    throw new SettingsError([
      `--node: with --root, give the absolute path that Node has in the image, such as ${USUAL[0]}, not ${printable(given, 120)}`,
    ]);
  }
  const found = USUAL.find((path) => isExecutable(join(root, path)));
  if (found !== undefined) return found;
  throw new SettingsError([
    `--node: ${printable(root, 120)} has neither ${USUAL.join(" nor ")}; say where Node will be, such as --node /opt/node/bin/node`,
  ]);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
