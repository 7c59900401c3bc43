import type { Logger } from "pino";
import { printable } from "../text/printable.ts";
import { SettingsError } from "./settings-error.ts";
import { textsOf, type Given, type Layer } from "./layer.ts";
import { keyNamed, settingFor, unknownName } from "./names.ts";
import { resolveSettings } from "./resolve.ts";
import type { ApprovePolicy, ForwardedPolicy, Settings } from "./settings.ts";
import { SETTING_ROWS, type SettingKey } from "./settings-table.ts";

/**
 * The settings of a shim in a program. Each means what the flag of the same name means; what is left out has its
 * default. The environment is not read, nor any file but `tokenFile`.
 */
export interface ShimOptions {
  /** `HOST:PORT`; port 0 takes any free one. Default 127.0.0.1:18788, and [::1]:18788 where it can be had. */
  readonly listen?: string | readonly string[];
  /** `ws://` or `wss://` URL of the gateway. Default ws://127.0.0.1:18789. */
  readonly gateway?: string;
  /** Let `gateway` be on another machine. */
  readonly allowRemoteGateway?: boolean;
  /** `sha256:HEX` of a self-signed `wss://` gateway's certificate. */
  readonly gatewayFingerprint?: string;
  /** Addresses or CIDR blocks of TCP peers that may connect besides loopback. */
  readonly allowFrom?: string | readonly string[];
  /** Further Host names that browsers and HTTP clients may use. */
  readonly allowHost?: string | readonly string[];
  /** Further browser origins to vouch for, serialized: `https://app.example`. */
  readonly allowOrigin?: string | readonly string[];
  /** What to do with requests that carry forwarding headers. Default `strip`. */
  readonly forwarded?: ForwardedPolicy;
  /** How long an upgrade waits for a gateway that is not up yet: `10s`, or a number of milliseconds. */
  readonly hold?: string | number;
  /** How long open connections may finish on `close()`: `5s`, or a number of milliseconds. */
  readonly drain?: string | number;
  /** Connections beyond it get 503. Default 512. */
  readonly maxConnections?: number;
  /** `seen` approves devices that the shim itself just saw refused. Default `off`. */
  readonly approve?: ApprovePolicy;
  /** The most that `approve` may grant. Default: the five operator scopes. */
  readonly approveScopes?: string | readonly string[];
  /** The roles that `approve` may grant. Default `operator`. */
  readonly approveRoles?: string | readonly string[];
  /** File with the gateway's token, for `approve`; without it the shim has none to show. Mode 0600. */
  readonly tokenFile?: string;
  /** Where log lines go. Default: nowhere. */
  readonly logger?: Logger;
}

/**
 * Checks the library's options.
 *
 * @throws SettingsError with every problem, each naming the option
 */
export function resolveOptions(options: ShimOptions): Settings {
  const known = SETTING_ROWS.filter(([, { scope }]) => scope === undefined).map(([key]) => key);
  const given = new Map<SettingKey, Given>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === "logger") continue;
    const key = keyNamed(name, (candidate) => candidate);
    if (key === undefined || !known.includes(key)) {
      problems.push(`${printable(name, 80)}: ${unknownName(name, known)}`);
      continue;
    }
    const texts = textsOf(name, settingFor(key), value, true);
    if ("problem" in texts) problems.push(texts.problem);
    else given.set(key, { from: name, texts: texts.texts });
  }
  const layer: Layer = { given, problems };
  const resolved = resolveSettings([layer], "json");
  if ("problems" in resolved) throw new SettingsError(resolved.problems);
  return resolved.settings;
}
