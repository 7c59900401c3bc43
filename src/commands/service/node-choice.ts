import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { withAdvice } from "../../text/advice.ts";
import { printable } from "../../text/printable.ts";
import type { Scope } from "./find-service.ts";
import { runCommand } from "./operations.ts";
import { exists } from "./service-root.ts";
import { HIDDEN, invalid } from "./service-settings.ts";

/** The folders in which version managers keep each version of Node. */
const VERSION_MANAGER =
  /\/\.?(nvm(?=\/versions)|n(?=\/versions)|mise(?=\/installs)|fnm|volta|asdf|nodenv|nvs)[/_]/;
/** Where packages install Node. */
const USUAL = ["/usr/bin/node", "/usr/local/bin/node"] as const;
/** As in package.json, `engines`. */
const OLDEST = [20, 19] as const;

/**
 * Chooses the Node of a service: `--node`, else the one in the image or the one that runs this process. Its path is
 * absolute, because systemd and launchd search no PATH. `warning` is about a version manager that may remove it.
 *
 * @throws SettingsError if it cannot be run, is too old, or is hidden from the service
 */
export async function chooseNode(
  given: string | undefined,
  { offline, root, system }: Pick<Scope, "offline" | "root" | "system">,
  execPath = process.execPath,
): Promise<{ node: string; warning?: string }> {
  if (offline) {
    const node = given ?? USUAL.find((usual) => exists(root, usual));
    if (node?.startsWith("/")) return { node };
    const none = `${printable(root, 120)} has neither ${USUAL.join(" nor ")}`;
    const problem = node === undefined ? none : `${printable(node, 120)} is not an absolute path`;
    throw invalid("--node", problem, "with --root, give the absolute path of Node in the image");
  }
  // A path that survives an upgrade: Homebrew's link to the current version (docs.brew.sh/FAQ).
  const current = execPath.replace(/\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/, "/opt/$1/bin/node");
  const node = resolve(given ?? (existsSync(current) ? current : execPath));
  const shown = printable(node, 120);
  if (system && HIDDEN.test(node))
    throw invalid("--node", `${shown} is hidden from the system service`, "use one outside of home folders");
  const { stdout, why } = await runCommand([node, "--version"], {});
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? [];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    const problem = major === 0 ? `is not Node (${why})` : `is Node ${major}.${minor}`;
    throw invalid("--node", `${shown} ${problem}`, `use ${OLDEST.join(".")} or later`);
  }
  const manager = VERSION_MANAGER.exec(node.replaceAll("\\", "/"))?.[1];
  if (manager === undefined) return { node };
  const text = `${shown} belongs to ${manager}: the service fails when ${manager} removes it`;
  return { node, warning: withAdvice(text, { fix: "use a Node that stays, with --node PATH" }) };
}
