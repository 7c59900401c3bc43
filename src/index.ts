import type { OperatorResources } from "./openclaw/token.ts";
import { SettingsError } from "./settings/settings-error.ts";
import { resolveOptions, type ShimOptions } from "./settings/options.ts";
import type { Settings } from "./settings/settings.ts";
import { openShim, type Shim } from "./shim.ts";
import { silentLogger } from "./log/logger.ts";

export { SettingsError, type SettingProblem } from "./settings/settings-error.ts";
export type { Outcome } from "./outcome/outcome.ts";
export type { ApprovePolicy, ForwardedPolicy } from "./settings/settings.ts";
export type { Shim, ShimOptions };

/**
 * Starts a shim in this process. The environment is not read, nor any file but `tokenFile`, and that only with
 * `approve`; several shims share nothing.
 *
 * @throws SettingsError where an option does not hold or the token cannot be read, the system's error where an address cannot be bound
 */
export async function startShim(options: ShimOptions = {}): Promise<Shim> {
  const settings = resolveOptions(options);
  const operator = await operatorOf(settings);
  return openShim(settings, options.logger ?? silentLogger(), { operator });
}

async function operatorOf({ approve, tokenFile }: Settings): Promise<OperatorResources> {
  // A gateway may be without a token.
  if (approve === "off" || tokenFile === undefined) return {};
  const { readToken } = await import("./openclaw/token.ts");
  const found = readToken(tokenFile, {});
  if ("why" in found) throw new SettingsError({ setting: "tokenFile", problem: found.why, fix: found.fix });
  return { token: found.secret };
}
