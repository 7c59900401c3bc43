import { basename } from "node:path";

const NAME = "openclaw-shim";

/**
 * How the user called this program, for commands to copy: by its name where it is installed, else as Node's script.
 *
 * @param argv `process.argv`
 */
export function programOf([, script = ""]: readonly string[]): string {
  const installed = basename(script) === NAME;
  // A path that a shell would read otherwise is better not offered.
  return installed || !/^\/[\w./@+-]+$/.test(script) ? NAME : `node ${script}`;
}
