import { addressProblems } from "./address-rules.ts";
import { quoted } from "./settings-error.ts";
import { listHint, type Given, type Layer, type Taken } from "./layer.ts";
import { flagName } from "./names.ts";
import type { ListenAddress, LogFormat, Settings } from "./settings.ts";
import { SETTING_ROWS, SETTINGS, type Setting, type SettingKey } from "./settings-table.ts";

/** Checked settings, or every problem, a line each. */
export type Resolved = { readonly settings: Settings } | { readonly problems: readonly string[] };

const DEFAULTS: Layer = {
  given: new Map(
    SETTING_ROWS.flatMap(([key, { default: texts }]): [SettingKey, Given][] =>
      texts ? [[key, { from: `the default of --${flagName(key)}`, texts, byDefault: true }]] : [],
    ),
  ),
  problems: [],
};

/**
 * Puts layers together, the first one that gives a setting wins, and checks what comes out.
 *
 * @param logFormat for want of any: pretty on a terminal, else json
 */
export function resolveSettings(layers: readonly Layer[], logFormat: LogFormat): Resolved {
  const problems = layers.flatMap((layer) => layer.problems);
  const listen = take("listen", SETTINGS.listen);
  const gateway = take("gateway", SETTINGS.gateway);
  const remote = take("allowRemoteGateway", SETTINGS.allowRemoteGateway);
  const fingerprint = take("gatewayFingerprint", SETTINGS.gatewayFingerprint);
  const allowFrom = take("allowFrom", SETTINGS.allowFrom);
  const allowHost = take("allowHost", SETTINGS.allowHost);
  const allowOrigin = take("allowOrigin", SETTINGS.allowOrigin);
  const forwarded = take("forwarded", SETTINGS.forwarded);
  const hold = take("hold", SETTINGS.hold);
  const drain = take("drain", SETTINGS.drain);
  const maxConnections = take("maxConnections", SETTINGS.maxConnections);
  const approve = take("approve", SETTINGS.approve);
  const approveScopes = take("approveScopes", SETTINGS.approveScopes);
  const approveRoles = take("approveRoles", SETTINGS.approveRoles);
  const tokenFile = take("tokenFile", SETTINGS.tokenFile);
  const logLevel = take("logLevel", SETTINGS.logLevel);
  const format = take("logFormat", SETTINGS.logFormat);
  problems.push(...addressProblems({ listen, gateway, remote, fingerprint, allowFrom }));
  if (problems.length > 0) return { problems };

  const pin = fingerprint && { fingerprint: one(fingerprint) };
  const settings: Settings = {
    listen: listenAddresses(listen),
    gateway: { ...one(gateway), ...pin },
    allowFrom: values(allowFrom),
    allowHost: values(allowHost),
    allowOrigin: values(allowOrigin),
    forwarded: one(forwarded),
    holdMs: one(hold),
    drainMs: one(drain),
    maxConnections: one(maxConnections),
    approve: one(approve),
    approveScopes: values(approveScopes),
    approveRoles: values(approveRoles),
    ...(tokenFile && { tokenFile: one(tokenFile) }),
    logLevel: one(logLevel),
    logFormat: format ? one(format) : logFormat,
  };
  return { settings: deepFreeze(settings) };

  function take<T>(key: SettingKey, setting: Setting<T>): Taken<T> | undefined {
    const given = [...layers, DEFAULTS]
      .map((layer) => layer.given.get(key))
      .find((found) => found !== undefined);
    if (given === undefined) return undefined;
    const items: { text: string; value: T }[] = [];
    for (const text of given.texts) {
      const parsed = setting.parse(text);
      if ("value" in parsed) items.push({ text, value: parsed.value });
      else
        problems.push(
          `${given.from}: ${quoted(text)} ${text === "" ? "is empty; give a value or leave it out" : parsed.why}${setting.repeatable ? listHint(given.from, text) : ""}`,
        );
    }
    return { ...given, items };
  }
}

/** Not every machine has IPv6: the default `[::1]`, and only that, may fail to bind. */
function listenAddresses(listen: Taken<ListenAddress> | undefined): ListenAddress[] {
  return values(listen).map(({ host, port }) =>
    listen?.byDefault && host === "::1" ? { host, port, optional: true } : { host, port },
  );
}

function values<T>(taken: Taken<T> | undefined): T[] {
  return (taken?.items ?? []).map(({ value }) => value);
}

function one<T>(taken: Taken<T> | undefined): T {
  const [item] = taken?.items ?? [];
  if (item === undefined) throw new TypeError("a setting without a default was not given");
  return item.value;
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
