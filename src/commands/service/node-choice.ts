import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { SettingsError } from "../../settings/settings-error.ts";
import { printable } from "../../text/printable.ts";
import { runCommand } from "./run-command.ts";
import type { ServiceTarget } from "./service-manager.ts";
import { isHidden } from "./service-settings.ts";

/** The folders in which version managers keep each version of Node. */
const VERSION_MANAGER =
  /\/\.?(?:(nvm|n)\/versions|(mise)\/installs|(fnm)(?:_multishells)?|(volta|asdf|nodenv|nvs))\//;
/** Where packages install Node. */
const USUAL = ["/usr/bin/node", "/usr/local/bin/node"] as const;
/** As in package.json, `engines`. */
const OLDEST = [20, 19] as const;

/** The Node of a service: an absolute path, as neither systemd nor launchd searches a PATH. */
export interface ChosenNode {
  readonly path: string;
  /** The version manager that may remove it. */
  readonly manager?: string;
}

/**
 * Chooses the Node of a service: `--node`, else the one that runs this process, else the one in the image.
 *
 * @param given `--node`
 * @param execPath `process.execPath`
 * @throws SettingsError if it cannot be run, is too old, or is hidden from the service
 */
export async function chooseNode(
  given: string | undefined,
  service: Pick<ServiceTarget, "image" | "system">,
  execPath: string,
): Promise<ChosenNode> {
  if (service.image !== undefined) return { path: imageNode(given, service.image) };
  const path = given === undefined ? stableNode(execPath) : resolve(given);
  const refuse = (problem: string, fix?: string): SettingsError =>
    new SettingsError({
      setting: "--node",
      problem: `${printable(path, 120)} ${problem}`,
      ...(fix && { fix }),
    });
  if (isHidden(path, service)) {
    throw refuse("is hidden from the system service", "use one outside of home folders");
  }
  const { code, stdout, why } = await runCommand([path, "--version"], {});
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? [];
  if (code !== 0 || major === 0) throw refuse(`is not Node (${why})`);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw refuse(`is Node ${major}.${minor}`, `use ${OLDEST.join(".")} or later`);
  }
  const manager = VERSION_MANAGER.exec(path)
    ?.slice(1)
    .find((name) => name !== undefined);
  return { path, ...(manager !== undefined && { manager }) };
}

/**
 * Returns a path of this process's Node that survives an upgrade: Homebrew keeps each version in its own folder, and
 * in opt/ a link to the current one (docs.brew.sh/FAQ).
 */
function stableNode(execPath: string): string {
  const [, prefix, formula] = /^(.+)\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/.exec(execPath) ?? [];
  const current = `${prefix}/opt/${formula}/bin/node`;
  return prefix !== undefined && isExecutable(current) ? current : execPath;
}

function imageNode(given: string | undefined, image: string): string {
  const path = given ?? USUAL.find((usual) => isExecutable(join(image, usual)));
  if (path?.startsWith("/")) return path;
  throw new SettingsError({
    setting: "--node",
    ...(path === undefined
      ? {
          problem: `${printable(image, 120)} has neither ${USUAL.join(" nor ")}`,
          fix: "give the path that Node will have, such as --node /opt/node/bin/node",
        }
      : {
          problem: `with --root, give the absolute path of Node in the image, such as ${USUAL[0]}, not ${printable(path, 120)}`,
        }),
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
