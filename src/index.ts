import { silentLogger } from "./silent-logger.ts";
import { resolveOptions, type ShimOptions } from "./settings/options.ts";
import { openShim, type Shim } from "./shim.ts";

export { SettingsError } from "./settings/error.ts";
export type { Outcome } from "./pairing/outcome.ts";
export type { TimedOutcome } from "./pairing/report.ts";
export type { ApprovePolicy, ForwardedPolicy } from "./settings/settings.ts";
export type { Shim, ShimOptions };

/**
 * Starts a shim in this process. Neither environment nor files are read; several shims share nothing.
 *
 * @throws SettingsError where an option does not hold, the system's error where an address cannot be bound
 */
export async function startShim(options: ShimOptions = {}): Promise<Shim> {
  return openShim(resolveOptions(options), options.logger ?? silentLogger());
}
