import { isLoopbackName, reaches } from "../net/authority.ts";
import { ipFamily } from "../net/ip-address.ts";
import type { Environment } from "../openclaw/config.ts";
import { readEnvironment, type Layer } from "./layers.ts";
import { boolean, type ListenAddress, type Parser } from "./parsers.ts";
import { flagName, parseRows, type Given } from "./setting-row.ts";
import { problemLine, SettingsError, shownValue, type SettingProblem } from "./settings-error.ts";
import { SETTING_ROWS, SETTINGS, type Settings } from "./settings.ts";

/** The sources of a command's settings. */
export interface Sources {
  /** The settings given as flags. */
  readonly given?: Layer;
  readonly env: Environment;
}

const NOTHING: Layer = { given: new Map(), problems: [] };
const DEFAULTS = new Map(
  SETTING_ROWS.flatMap(([key, { default: texts }]): [string, Given][] =>
    texts ? [[key, { from: `the default of --${flagName(key)}`, texts }]] : [],
  ),
);

/**
 * Loads the settings of a command: flag, then `OPENCLAW_SHIM_*`, then `--config FILE`, then OpenClaw's own config,
 * then default.
 *
 * @throws SettingsError with every problem of all layers
 */
export async function loadSettings(sources: Sources): Promise<Settings> {
  const { layers, openclaw } = await readLayers(sources);
  return resolve([...layers, openclaw]);
}

/**
 * Loads the settings of a command that works without OpenClaw's config, too.
 *
 * @returns the settings; with `problem` if OpenClaw's config cannot be used
 * @throws SettingsError for every other problem
 */
export async function loadDespiteOpenclaw(sources: Sources) {
  const { layers, openclaw } = await readLayers(sources);
  return { settings: resolve([...layers, { ...openclaw, problems: [] }]), problem: openclaw.problems[0] };
}

async function readLayers({ given = NOTHING, env }: Sources) {
  const layers = [given, readEnvironment(env)];
  const config = lookUp(layers, "config");
  if (config?.texts[0]) {
    const { readSettingsFile } = await import("./file-layers.ts");
    layers.push(readSettingsFile(config.texts[0], config.from));
  }
  // A damaged config of OpenClaw does not matter to users who name the gateway themselves.
  const openclaw = lookUp(layers, "gateway")
    ? NOTHING
    : (await import("./file-layers.ts")).readOpenclaw(env, listenersOf(layers));
  return { layers, openclaw };
}

/** Returns the addresses to listen on that layers give, else the default ones, as far as the texts are valid. */
export function listenersOf(layers: readonly Layer[]): ListenAddress[] {
  const given = lookUp(layers, "listen") ?? DEFAULTS.get("listen");
  return validItems(given, SETTINGS.listen.parse).map(({ value }) => value);
}

function lookUp(layers: readonly Layer[], key: string): Given | undefined {
  return layers.map(({ given }) => given.get(key)).find((given) => given !== undefined);
}

/**
 * Merges layers, highest first, and checks the result.
 *
 * @throws SettingsError with every problem
 */
export function resolve(layers: readonly Layer[]): Settings {
  const problems = layers.flatMap((layer) => layer.problems);
  const given = (key: string): Given | undefined => lookUp(layers, key) ?? DEFAULTS.get(key);
  const values = parseRows(SETTINGS, given, problems);
  // A port alone is two addresses, which have the same problem.
  const lines = new Map([...addressProblems(given)].map((problem) => [problemLine(problem), problem]));
  problems.push(...lines.values());
  if (problems.length > 0) throw new SettingsError(...problems);
  const { allowRemoteGateway: _, config: __, gatewayFingerprint: fingerprint, ...settings } = values;
  const byDefault = !lookUp(layers, "listen");
  return deepFreeze({
    ...settings,
    // Not every machine has IPv6: only the default [::1] may fail to bind.
    listen: settings.listen.map((address) =>
      byDefault && address.host === "::1" ? { ...address, optional: true } : address,
    ),
    gateway: { ...settings.gateway, ...(fingerprint !== undefined && { fingerprint }) },
  });
}

/** Returns every violation of the rules between listen addresses, gateway and peers. */
function* addressProblems(
  given: (key: keyof typeof SETTINGS) => Given | undefined,
): Generator<SettingProblem> {
  const tools = validItems(given("listen"), SETTINGS.listen.parse);
  const listeners = [...tools, ...validItems(given("metricsListen"), SETTINGS.metricsListen.parse)];
  const [gateway] = validItems(given("gateway"), SETTINGS.gateway.parse);
  for (const [index, { about, value: address }] of listeners.entries()) {
    if (index < tools.length && !given("allowFrom") && !isLoopbackName(address.host)) {
      const fix = "give --allow-from CIDR with the peers that may connect, or listen on 127.0.0.1";
      yield { ...about(), problem: "is not a loopback address", fix };
    }
    const wider = listeners.find(({ value }, at) => {
      return includes(value, address) && (at < index || value.host !== address.host);
    });
    if (wider) yield { ...about(), problem: `is included in "${wider.about().value}"`, fix: "leave one out" };
    if (gateway && reaches(gateway.value, address)) {
      const problem = `is the gateway's own address (${gateway.about().setting}), so the shim would connect to itself`;
      yield { ...about(), problem, fix: "change the port of one of them" };
    }
  }
  if (!gateway) return;
  const remote = given("allowRemoteGateway");
  const [allowed] = validItems(remote, boolean);
  if ((!remote || allowed?.value === false) && !isLoopbackName(gateway.value.host)) {
    const fix = "allow it with --allow-remote-gateway, or write ws://127.0.0.1:PORT";
    yield { ...gateway.about(), problem: "is not loopback", fix };
  }
  const [pin] = validItems(given("gatewayFingerprint"), SETTINGS.gatewayFingerprint.parse);
  if (pin && !gateway.value.tls) {
    const problem = "has no effect with a ws:// gateway";
    yield { ...pin.about(), problem, fix: "write wss:// in --gateway, or leave it out" };
  }
}

/** Returns true if a socket bound to `all` gets the connections for `one`, too: binding `one` would fail. */
function includes(all: ListenAddress, one: ListenAddress): boolean {
  if (one.port !== all.port || one.port === 0) return false;
  // Node makes [::] dual-stack, whatever the system's default (net.Server, ipv6Only).
  return [one.host, "::"].includes(all.host) || (all.host === "0.0.0.0" && ipFamily(one.host) === 4);
}

/** Returns the valid values of a setting, each with a function that returns how problems name it. */
function validItems<T>(given: Given | undefined, parse: Parser<T | readonly T[]>) {
  return (given?.texts ?? []).flatMap((text) => {
    const parsed = parse(text);
    const about = () => ({ setting: given?.from ?? "", value: shownValue(text) });
    if (!("value" in parsed)) return [];
    return (isList(parsed.value) ? parsed.value : [parsed.value]).map((value) => ({ about, value }));
  });
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
