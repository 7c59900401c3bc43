import type { DoctorContext, GatewayFacts } from "../../../src/commands/doctor/doctor-context.ts";
import { findingOf, type Check, type Finding } from "../../../src/commands/doctor/finding.ts";
import type { ShimFacts } from "../../../src/commands/doctor/found-shim.ts";
import type { Attempt } from "../../../src/commands/doctor/gateway-client.ts";
import type { OpenclawFiles } from "../../../src/commands/doctor/openclaw-files.ts";
import type { PathFacts } from "../../../src/commands/doctor/tool-paths.ts";
import { readToolUrl } from "../../../src/commands/doctor/tool-urls.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { Secret } from "../../../src/openclaw/token.ts";
import { testSettings } from "../../support/settings.ts";

export const GATEWAY_PORT = 18_789;

export const SETTINGS: Settings = {
  ...testSettings(GATEWAY_PORT),
  listen: [{ host: "127.0.0.1", port: 18_788 }],
};

/** What differs from a machine where all is well. */
export interface Given {
  readonly settings?: Partial<Settings>;
  readonly env?: Readonly<Record<string, string>>;
  readonly tools?: DoctorContext["tools"];
  readonly openclaw?: Partial<OpenclawFiles>;
  readonly gateway?: Partial<GatewayFacts>;
  readonly shim?: ShimFacts;
  readonly paths?: readonly PathFacts[];
  readonly runtime?: string;
}

/** A connection that a gateway of that release accepted. */
export function connected(version: string | undefined = "2026.9.6", authMode = "token"): Attempt {
  return { connected: true, hello: { version, calledAs: undefined, authMode, configPath: undefined } };
}

/** A connection that was refused. */
export function refused(
  outcome: Extract<Attempt, { connected: false }>["verdict"]["outcome"],
  reason?: string,
): Attempt {
  const verdict = { outcome, ...(reason !== undefined && { reason }) };
  return { connected: false, verdict, advice: { fix: "fix it" } };
}

/** A gateway of a release, as doctor connected to it. */
export function gatewayOf(version: string, direct: Attempt = connected(version)): Partial<GatewayFacts> {
  const plain = connected(version);
  const [hello] = [direct, plain].flatMap((attempt) => (attempt.connected ? attempt.hello : []));
  return { plain, direct, hello };
}

/** Runs one check on a machine where all is well, but for what is given. */
export async function findings(check: Check, given: Given = {}): Promise<readonly Finding[]> {
  const results = await check.run(contextOf(given));
  return [results].flat().map((result) => findingOf(check.name, result));
}

/** Runs one check and returns its first finding. */
export async function finding(check: Check, given: Given = {}): Promise<Finding | undefined> {
  return (await findings(check, given))[0];
}

function contextOf(given: Given): DoctorContext {
  const settings = { ...SETTINGS, ...given.settings };
  const files: OpenclawFiles = {
    shownConfigPath: "/home/u/.openclaw/openclaw.json",
    gateway: {},
    includes: false,
    ownDeviceId: undefined,
    devices: undefined,
    sqlite: false,
    bad: [],
  };
  const gateway: GatewayFacts = {
    listener: { pid: 1, program: "node", name: "openclaw" },
    devices: { pending: [], paired: [] },
    ...gatewayOf("2026.9.6"),
    ...given.gateway,
  };
  const shim: ShimFacts = {
    running: { address: "127.0.0.1:18788", version: "1.0.0", outcomes: [] },
    attempt: connected(),
    elsewhere: false,
  };
  const from = "OPENCLAW_GATEWAY_TOKEN";
  return {
    program: "openclaw-shim",
    settings,
    env: given.env ?? { [from]: "t" },
    via: [],
    openclaw: { ...files, ...given.openclaw },
    credential: { kind: "token", secret: new Secret("t"), from, fromEnvironment: true },
    tools: given.tools ?? readToolUrl("OPENCLAW_GATEWAY_URL", "ws://127.0.0.1:18788", settings),
    gateway: () => Promise.resolve(gateway),
    runtime: () => Promise.resolve(given.runtime),
    shim: () => Promise.resolve(given.shim ?? shim),
    paths: () => Promise.resolve(given.paths ?? []),
    leftovers: () => Promise.resolve([]),
  };
}
