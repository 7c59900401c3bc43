import { fileURLToPath } from "node:url";
import { installService } from "./install.ts";
import type { CommandContext } from "../command.ts";
import { attempt } from "./supervised.ts";

/**
 * Installs the shim as a service of the user, of the machine or of an image, or upgrades it.
 *
 * @returns 0 when that is done, and the service answers; 1 where something failed
 * @throws SettingsError
 */
export function install(context: CommandContext): Promise<number> {
  const { args, flags } = context;
  // The bundle is one file, so this is all of the program.
  const script = fileURLToPath(import.meta.url);
  return attempt(context, (caller) => installService(args, flags, script, caller));
}
