import type { Environment } from "../openclaw/config.ts";
import { environmentName, isOwnVariable, unknownName } from "./names.ts";
import type { Given, Layer } from "./setting-row.ts";
import type { SettingProblem } from "./settings-error.ts";
import { SETTING_ROWS } from "./settings-table.ts";

const SERVICE_LINK =
  /^OPENCLAW_SHIM(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9]+)*|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/**
 * Returns true for a variable that Kubernetes sets in every pod for a Service whose name begins with `openclaw-shim`
 * (`enableServiceLinks`; kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
 */
function isServiceLink(name: string, value: string): boolean {
  // A user who means a setting may write `…_PORT`, too; the value of Kubernetes is a URL.
  const isUrl = name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
  return isUrl || SERVICE_LINK.test(name);
}

/** Reads the `OPENCLAW_SHIM_*` variables; commas separate the items of a list. */
export function readEnvironment(env: Environment): Layer {
  const given = new Map<string, Given>();
  const problems: SettingProblem[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!isOwnVariable(name) || value === undefined) continue;
    const [key, row] = SETTING_ROWS.find(([candidate]) => environmentName(candidate) === name) ?? [];
    if (key !== undefined) {
      const texts = row?.repeatable ? value.split(",").map((item) => item.trim()) : [value];
      given.set(key, { from: name, texts });
    } else if (!isServiceLink(name, value)) {
      const keys = SETTING_ROWS.map(([candidate]) => candidate);
      problems.push(unknownName(name, keys, environmentName));
    }
  }
  return { given, problems };
}
