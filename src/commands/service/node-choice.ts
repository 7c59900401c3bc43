import { accessSync, constants } from "node:fs";
import { join, resolve } from "node:path";
import { printable } from "../../text/printable.ts";
import { runCommand } from "./run-command.ts";
import { invalid, type ServiceTarget } from "./service-manager.ts";
import { isHidden } from "./service-settings.ts";

/** The folders in which version managers keep each version of Node. */
const VERSION_MANAGER =
  /\/\.?(nvm(?=\/versions)|n(?=\/versions)|mise(?=\/installs)|fnm|volta|asdf|nodenv|nvs)[/_]/;
/** Where packages install Node. */
const USUAL = ["/usr/bin/node", "/usr/local/bin/node"] as const;
/** As in package.json, `engines`. */
const OLDEST = [20, 19] as const;

/**
 * Chooses the Node of a service: `--node`, else the one that runs this process, else the one in the image. Its path is
 * absolute, because systemd and launchd search no PATH. `manager` is the version manager that may remove it.
 *
 * @param given `--node`
 * @param execPath `process.execPath`
 * @throws SettingsError if it cannot be run, is too old, or is hidden from the service
 */
export async function chooseNode(
  given: string | undefined,
  service: Pick<ServiceTarget, "image" | "system">,
  execPath: string,
): Promise<{ path: string; manager?: string }> {
  if (service.image !== undefined) return { path: imageNode(given, service.image) };
  const path = given === undefined ? stableNode(execPath) : resolve(given);
  const refused = (problem: string, fix?: string): Error =>
    invalid("--node", `${printable(path, 120)} ${problem}`, fix);
  if (isHidden(path, service)) {
    throw refused("is hidden from the system service", "use one outside of home folders");
  }
  const { code, stdout, why } = await runCommand([path, "--version"], {});
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? [];
  if (code !== 0 || major === 0) throw refused(`is not Node (${why})`);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw refused(`is Node ${major}.${minor}`, `use ${OLDEST.join(".")} or later`);
  }
  const manager = VERSION_MANAGER.exec(path)?.[1];
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
  const problem =
    path === undefined
      ? `${printable(image, 120)} has neither ${USUAL.join(" nor ")}`
      : `${printable(path, 120)} is not an absolute path`;
  const fix = "with --root, give the absolute path of Node in the image, such as --node /opt/node/bin/node";
  throw invalid("--node", problem, fix);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
