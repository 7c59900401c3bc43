import { uninstallService } from "./uninstall.ts";
import type { CommandContext } from "../command.ts";
import { attempt } from "./supervised.ts";

/**
 * Stops the service and removes all that `install` made.
 *
 * @returns 0 when nothing of it is left, 1 where something failed
 * @throws SettingsError
 */
export function uninstall(context: CommandContext): Promise<number> {
  return attempt(context, (caller) => uninstallService(context.args, context.flags, caller));
}
