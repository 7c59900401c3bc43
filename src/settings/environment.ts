import type { Environment } from "../openclaw/config.ts";
import { printable } from "../text/printable.ts";
import type { Given, Layer } from "./layer.ts";
import { environmentName, isOwnVariable, keyNamed, settingFor, unknownName } from "./names.ts";
import { SETTING_ROWS, type SettingKey } from "./settings-table.ts";

const SERVICE_LINK =
  /^OPENCLAW_SHIM(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9]+)*|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;

/**
 * Whether a variable is one that Kubernetes sets in every pod for a Service named `openclaw-shim`, or `openclaw-shim-` and
 * more (`enableServiceLinks`; kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
 */
function isServiceLink(name: string, value: string): boolean {
  // `…_PORT` is also what somebody may write who means a setting; Kubernetes makes it a URL.
  const isUrl = name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
  return isUrl || SERVICE_LINK.test(name);
}

/** Reads the `OPENCLAW_SHIM_*` variables; commas separate the items of a list. */
export function readEnvironment(env: Environment): Layer {
  const given = new Map<SettingKey, Given>();
  const problems: string[] = [];
  const known = SETTING_ROWS.map(([key]) => environmentName(key));
  for (const [name, value] of Object.entries(env)) {
    if (!isOwnVariable(name) || value === undefined) continue;
    const key = keyNamed(name, environmentName);
    if (key === undefined) {
      if (isServiceLink(name, value)) continue;
      problems.push(`${printable(name, 80)}: ${unknownName(name, known)}`);
      continue;
    }
    const texts = settingFor(key).repeatable ? value.split(",").map((item) => item.trim()) : [value];
    if (value === "") problems.push(`${name}: the value is empty; unset it to leave the setting alone`);
    else if (texts.includes("")) problems.push(`${name}: an item between its commas is empty`);
    else given.set(key, { from: name, texts });
  }
  return { given, problems };
}
