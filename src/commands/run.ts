import type { CommandContext } from "../cli/command.ts";
import { bindAll } from "../server/bind.ts";
import { loadSettings } from "../settings/load.ts";

/**
 * Runs the proxy until SIGTERM, SIGINT or the end of its terminal, then drains.
 *
 * @returns 0 after a signal, 1 if it could not start
 * @throws SettingsError
 */
export async function run(context: CommandContext): Promise<number> {
  const { env } = context;
  const handedOver =
    env["LISTEN_PID"] === undefined
      ? []
      : (await import("../server/socket-activation.ts")).takeHandedOver(env, process.pid);
  const settings = await loadSettings(context);
  // Handles signals from here on: one during the start must not be lost.
  const stopped = context.stopped();
  // Clients can connect while the rest is compiled. It takes the servers in the same turn of the event loop; only an
  // approver may write its identity first.
  const isEarly = handedOver.length === 0 && settings.approve === "off";
  const bound = isEarly ? bindAll(settings.listen) : undefined;
  await Promise.allSettled([bound]);
  const { openLogged } = await import("./logged-shim.ts");
  const shim = await openLogged(context, settings, { handedOver, bound });
  if (!shim) return 1;
  // V8 allocates what often survives in its old generation, where it keeps all that it references until a full
  // collection: 15 % of an upgrade (bench/README.md, "Optimisations tried").
  (await import("node:v8")).setFlagsFromString("--no-allocation-site-pretenuring");
  await shim.close(await stopped);
  return 0;
}
