import { join } from "node:path";
import { parseEnv } from "node:util";
import template from "../../../launchd/ai.openclaw.shim.plist?raw";
import { loadSettings } from "../../settings/load.ts";
import { removal, type Operation } from "./operations.ts";
import { runCommand } from "./run-command.ts";
import { lineOf, NAME, programFiles, userFiles } from "./service-manager.ts";
import type { Service, ServiceProgram, ServiceState, ServiceTarget, ServiceUser } from "./service-manager.ts";
import { ServiceRoot, type FileOperation } from "./service-root.ts";

interface LaunchdTarget extends ServiceTarget {
  readonly uid: number | undefined;
  readonly plist: string;
  readonly log: string;
}

/**
 * The session types (launchd.plist(5), LimitLoadToSessionType) of agents in the domains of launchctl(1): that of the
 * screen, and the user's own, which also exists without a login at the screen, as over SSH.
 */
const SESSIONS = { gui: "Aqua", user: "Background" } as const;
type Domain = keyof typeof SESSIONS;

const LABEL = "ai.openclaw.shim";
/** What launchctl exits with if nobody is logged in at the screen: no such domain, or one that cannot load agents. */
const NO_SCREEN = [125, 112];
/** In launchd/ai.openclaw.shim.plist. */
const EXIT_SECONDS = 20;
const EXIT_MARGIN_SECONDS = 10;

/** Makes the service of a user's LaunchAgent. */
export function launchdService({ uid, home, env }: ServiceUser): Service {
  const support = join(home, "Library/Application Support", NAME);
  const log = join(home, "Library/Logs", `${NAME}.log`);
  const target: LaunchdTarget = {
    ...userFiles(support, support, join(home, ".local/state", NAME)),
    root: new ServiceRoot("/"),
    system: false,
    home,
    env,
    plist: join(home, "Library/LaunchAgents", `${LABEL}.plist`),
    log,
    logCommand: `tail '${log.replaceAll("'", "'\\''")}'`,
    uid,
  };
  return {
    ...target,
    // launchctl reports its own failures.
    check: () => Promise.resolve(),
    planInstall: (program) => planInstall(target, program),
    planUninstall: () => planUninstall(target),
    givesToken: () => false,
    state: () => agentState(target),
  };
}

async function planInstall(target: LaunchdTarget, program: ServiceProgram): Promise<Operation[]> {
  const loaded = (await findAgent(target))?.domain;
  const domain = loaded ?? "gui";
  const changes = target.root.pending([...programFiles(target, program), plistFile(target, program, domain)]);
  const start = startAgent(target, program, domain);
  if (loaded === undefined) return [...changes, ...start];
  if (changes.some(({ path }) => path === target.plist)) {
    return [...changes, stopAgent(target, loaded), ...start];
  }
  const restart = { kind: "run", argv: ["launchctl", "kickstart", "-k", agent(target, loaded)] } as const;
  return changes.length === 0 ? [] : [...changes, restart];
}

/** The log stays. */
async function planUninstall(target: LaunchdTarget): Promise<Operation[]> {
  const { root, plist, environment, bundle, identity = [] } = target;
  const loaded = (await findAgent(target))?.domain;
  return [
    ...(loaded === undefined ? [] : [stopAgent(target, loaded)]),
    ...root.pending([{ kind: "remove", path: plist }]),
    ...removal([environment, bundle].concat(identity), root),
  ];
}

/** Reads `launchctl print`. Its output is for people, but these lines have been stable. */
async function agentState(target: LaunchdTarget): Promise<ServiceState> {
  const { root, environment, home } = target;
  const found = await findAgent(target);
  const field = (name: string): string | undefined =>
    new RegExp(`^\\s*${name} = (.+)$`, "m").exec(found?.printed ?? "")?.[1];
  const state = field("state") ?? "not loaded";
  const exit = field("last exit code");
  const pid = Number(field("pid"));
  const env = { ...parseEnv(root.read(environment) ?? ""), HOME: home };
  return {
    name: `${LABEL}${found ? ` (${found.domain}/${target.uid})` : ""}`,
    system: false,
    installed: found !== undefined,
    running: state === "running",
    state: exit === undefined || state === "running" ? state : `${state}, last exit code ${exit}`,
    ...(pid > 0 && { pid }),
    listen: (await loadSettings({ env, terminal: false })).listen,
  };
}

/** Returns the domain in which the agent is loaded, and what launchctl prints about it. */
async function findAgent(target: LaunchdTarget): Promise<{ domain: Domain; printed: string } | undefined> {
  for (const domain of ["gui", "user"] as const) {
    const { code, stdout } = await runCommand(["launchctl", "print", agent(target, domain)], target.env);
    if (code === 0) return { domain, printed: stdout };
  }
  return undefined;
}

function startAgent(target: LaunchdTarget, program: ServiceProgram, domain: Domain): Operation[] {
  const argv = ["launchctl", "bootstrap", `${domain}/${target.uid}`, target.plist] as const;
  const withoutScreen = (): Operation[] => [
    plistFile(target, program, "user"),
    ...startAgent(target, program, "user"),
  ];
  return [
    // An agent that was disabled once stays disabled, even if it is bootstrapped.
    { kind: "run", argv: ["launchctl", "enable", agent(target, domain)] },
    domain === "user"
      ? { kind: "run", argv }
      : { kind: "run", argv, fallback: { codes: NO_SCREEN, operations: withoutScreen() } },
  ];
}

/** bootout returns before launchd has removed the agent. */
function stopAgent(target: LaunchdTarget, domain: Domain): Operation {
  const name = agent(target, domain);
  const untilFails = ["launchctl", "print", name] as const;
  return { kind: "run", argv: ["launchctl", "bootout", name], mayFail: true, untilFails };
}

function agent({ uid }: LaunchdTarget, domain: Domain): string {
  return `${domain}/${uid}/${LABEL}`;
}

/** Renders launchd/ai.openclaw.shim.plist. @throws SettingsError if XML cannot hold a path */
function plistFile(target: LaunchdTarget, program: ServiceProgram, domain: Domain): FileOperation {
  const seconds = Math.ceil(program.settings.drain / 1000) + EXIT_MARGIN_SECONDS;
  const folder = "/Users/USERNAME/Library/Application Support/openclaw-shim";
  const replacements = {
    "<string>/usr/local/bin/node<": `<string>${xml(program.node)}<`,
    [`<string>--env-file=${folder}/environment<`]: `<string>--env-file=${xml(target.environment)}<`,
    [`<string>${folder}/openclaw-shim.mjs<`]: `<string>${xml(target.bundle)}<`,
    "<string>Aqua<": `<string>${SESSIONS[domain]}<`,
    "<integer>20<": `<integer>${Math.max(EXIT_SECONDS, seconds)}<`,
    "<string>/Users/USERNAME/Library/Logs/openclaw-shim.log<": `<string>${xml(target.log)}<`,
  };
  const content = Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new TypeError(`the LaunchAgent has no ${from}`);
    return text.replaceAll(from, () => to);
  }, template);
  return { kind: "write", path: target.plist, mode: 0o644, content };
}

/** Escapes character data; XML 1.0 (section 2.2) allows no control characters. */
function xml(path: string): string {
  return lineOf("a path of the service", path).replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}
