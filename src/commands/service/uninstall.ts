import { readFlags, type CommandFlag } from "../../settings/flags.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { commandEnvironment, counted, type Caller } from "./caller.ts";
import { dryExecutor, realExecutor } from "./executor.ts";
import { uninstallAgent } from "./launchd.ts";
import { Root } from "./root.ts";
import { requireSystemd, uninstallOffline, uninstallRunning } from "./systemd.ts";
import { findTarget } from "./target.ts";

/**
 * Stops the service and removes all that `install` made, its settings too. Says what it did; a service that is not
 * there is no error.
 *
 * @param args what follows the command's name
 * @throws SettingsError for what cannot be; Error where something fails on the way
 */
export async function uninstallService(
  args: readonly string[],
  flags: readonly CommandFlag[],
  caller: Caller,
): Promise<void> {
  const { flags: options, given, problems } = readFlags(args, flags);
  const settings = [...given.values()].map(({ from }) => `${from}: uninstall has no settings; leave it out`);
  if (problems.length + settings.length > 0) throw new SettingsError([...problems, ...settings]);
  const target = findTarget(options, caller);
  const root = new Root(target.kind === "image" ? target.root : "/");
  const { say, any } = counted(caller.say);
  const parts = { root, env: commandEnvironment(caller), say };
  const executor = options.has("dry-run") ? dryExecutor(parts) : realExecutor(parts);
  if (target.kind === "launchd") await uninstallAgent(target.places, target.uid, executor);
  else if (target.kind === "image") uninstallOffline(target.places, executor);
  else {
    if (!executor.dry) await requireSystemd(target.places, caller.uid, executor, "uninstall");
    await uninstallRunning(target.places, executor);
  }
  if (!any()) caller.say("nothing to do: it is not installed");
}
