import type { Check } from "../../../src/commands/doctor/doctor-command.ts";
import type { DoctorContext } from "../../../src/commands/doctor/doctor-context.ts";
import type { Result } from "../../../src/commands/doctor/finding.ts";
import { attemptOf } from "../../../src/commands/doctor/gateway-attempt.ts";
import type { OpenclawFiles } from "../../../src/commands/doctor/openclaw-files.ts";
import type { PathFacts } from "../../../src/commands/doctor/tool-paths.ts";
import { readToolUrl } from "../../../src/commands/doctor/tool-urls.ts";
import type { OutcomeName } from "../../../src/outcome/outcome.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { Secret } from "../../../src/openclaw/token.ts";
import { testSettings } from "../../support/settings.ts";

export const GATEWAY_PORT = 18_789;

export const SETTINGS: Settings = {
  ...testSettings(GATEWAY_PORT),
  listen: [{ host: "127.0.0.1", port: 18_788 }],
};

/** Every result of connecting to the gateway. */
type GatewayFacts = Extract<Awaited<ReturnType<DoctorContext["gateway"]>>, { hello: unknown }>;
type ShimFacts = Awaited<ReturnType<DoctorContext["shim"]>>;
/** One attempt to connect, as it is judged. */
export type Attempt = PathFacts["attempt"];
/** An outcome of the running shim. */
export type SeenOutcome = NonNullable<PathFacts["throughShim"]>;

/** What differs from a machine where all is well. */
export interface Given {
  readonly settings?: Partial<Settings>;
  readonly env?: Readonly<Record<string, string>>;
  readonly tools?: DoctorContext["tools"];
  readonly openclaw?: Partial<OpenclawFiles>;
  readonly gateway?: Partial<GatewayFacts>;
  /** Outcomes of the running shim. */
  readonly outcomes?: readonly SeenOutcome[];
  readonly paths?: readonly PathFacts[];
  readonly runtime?: string;
}

const NOT_SENT = { device: undefined, session: undefined, headers: {}, sent: false, elsewhere: false };

/** A connection that a gateway of that release accepted. */
export function connected(version: string | undefined = "2026.9.6", authMode = "token"): Attempt {
  const hello = { type: "hello-ok", server: { version }, snapshot: { authMode } };
  return { ...attemptOf({ ok: true, hello }), ...NOT_SENT };
}

/** A connection that was refused. */
export function refused(outcome: OutcomeName, reason?: string): Attempt {
  const what = reason === undefined ? outcome : `${outcome} (${reason})`;
  return { ...attemptOf({ ok: false }), ...NOT_SENT, outcome, reason, what };
}

/** A gateway of a release, as doctor connected to it. */
export function gatewayOf(version: string, direct: Attempt = connected(version)): Partial<GatewayFacts> {
  const plain = connected(version);
  return { plain, direct, hello: direct.hello ?? plain.hello };
}

/** Runs one check on a machine where all is well, but for what is given. */
export async function findings(check: Check, given: Given = {}): Promise<readonly Result[]> {
  return [await check(contextOf(given))].flat();
}

/** Runs one check and returns its first finding. */
export async function finding(check: Check, given: Given = {}): Promise<Result | undefined> {
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
    isShim: false,
    listener: { pid: 1, program: "node", shown: "openclaw, node (pid 1)" },
    plain: connected(),
    direct: connected(),
    untried: false,
    hello: connected().hello,
    devices: { pending: [], paired: [] },
    nodes: [],
    ...given.gateway,
  };
  const outcomes = [...(given.outcomes ?? [])];
  const shim: ShimFacts = {
    running: { address: "127.0.0.1:18788", version: "1.0.0", unreachable: undefined, outcomes },
    attempt: connected(),
  };
  const from = "OPENCLAW_GATEWAY_TOKEN";
  return {
    program: "openclaw-shim",
    settings,
    env: given.env ?? { [from]: "t" },
    via: [],
    configProblem: undefined,
    openclaw: { ...files, ...given.openclaw },
    credential: { kind: "token", secret: new Secret("t"), from, fromEnvironment: true },
    tools: given.tools ?? readToolUrl("OPENCLAW_GATEWAY_URL", "ws://127.0.0.1:18788", settings),
    gateway: () => Promise.resolve(gateway),
    runtime: () => Promise.resolve(given.runtime),
    shim: () => Promise.resolve(shim),
    paths: () => Promise.resolve([...(given.paths ?? [])]),
    leftovers: () => Promise.resolve([]),
  };
}
