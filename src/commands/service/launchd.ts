import { join } from "node:path";
import template from "../../../launchd/ai.openclaw.shim.plist?raw";
import { loadSettings, NOTHING_GIVEN } from "../../settings/load.ts";
import { SettingsError } from "../../settings/settings-error.ts";
import { removal, type Operation } from "./operations.ts";
import { runCommand } from "./run-command.ts";
import { NAME, programFiles, userFiles } from "./service-manager.ts";
import type { Service, ServiceProgram, ServiceState, ServiceTarget, ServiceUser } from "./service-manager.ts";
import { ServiceRoot, type FileOperation } from "./service-root.ts";
import { parseEnvironment } from "./service-settings.ts";

/** A domain of launchd (launchctl(1)), and the session type of its agents (launchd.plist(5), LimitLoadToSessionType). */
interface Domain {
  readonly name: string;
  readonly session: "Aqua" | "Background";
}

interface LaunchdTarget extends ServiceTarget {
  readonly plist: string;
  readonly log: string;
  /** The domain of the screen, and the user's own, which also exists without a login there, as over SSH. */
  readonly domains: readonly [screen: Domain, background: Domain];
}

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
    domains: [
      { name: `gui/${uid}`, session: "Aqua" },
      { name: `user/${uid}`, session: "Background" },
    ],
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
  const [screen] = target.domains;
  const loaded = (await findAgent(target))?.domain;
  const domain = loaded ?? screen;
  const changes = target.root.pending([...programFiles(target, program), plistFile(target, program, domain)]);
  const start = startAgent(target, program, domain);
  if (loaded === undefined) return [...changes, ...start];
  if (changes.some(({ path }) => path === target.plist)) return [...changes, stopAgent(loaded), ...start];
  const restart = ["launchctl", "kickstart", "-k", agentIn(loaded)] as const;
  return changes.length === 0 ? [] : [...changes, { kind: "run", argv: restart }];
}

/** The log stays. */
async function planUninstall(target: LaunchdTarget): Promise<Operation[]> {
  const { root, plist, environment, bundle, identity = [] } = target;
  const loaded = (await findAgent(target))?.domain;
  return [
    ...(loaded === undefined ? [] : [stopAgent(loaded)]),
    ...root.pending([{ kind: "remove", path: plist }]),
    ...removal([environment, bundle].concat(identity), root),
  ];
}

/** Reads `launchctl print`. Its output is for people, but these lines have been stable. */
async function agentState(target: LaunchdTarget): Promise<ServiceState> {
  const { root, environment, home } = target;
  const agent = await findAgent(target);
  const field = (name: string): string | undefined =>
    new RegExp(`^\\s*${name} = (.+)$`, "m").exec(agent?.printed ?? "")?.[1];
  const state = field("state") ?? "not loaded";
  const exit = field("last exit code");
  const pid = Number(field("pid"));
  const env = { ...parseEnvironment(root.read(environment) ?? ""), HOME: home };
  return {
    name: `${LABEL}${agent ? ` (${agent.domain.name})` : ""}`,
    installed: agent !== undefined,
    running: state === "running",
    state: exit === undefined || state === "running" ? state : `${state}, last exit code ${exit}`,
    ...(pid > 0 && { pid }),
    listen: loadSettings({ given: NOTHING_GIVEN, env, terminal: false }).listen,
  };
}

/** Returns the domain in which the agent is loaded, and what launchctl prints about it. */
async function findAgent({
  domains,
  env,
}: LaunchdTarget): Promise<{ domain: Domain; printed: string } | undefined> {
  for (const domain of domains) {
    const { code, stdout } = await runCommand(["launchctl", "print", agentIn(domain)], env);
    if (code === 0) return { domain, printed: stdout };
  }
  return undefined;
}

function startAgent(target: LaunchdTarget, program: ServiceProgram, domain: Domain): Operation[] {
  const { domains, plist } = target;
  const [screen, background] = domains;
  const fallback = (): Operation[] => {
    return [plistFile(target, program, background), ...startAgent(target, program, background)];
  };
  return [
    // An agent that was disabled once stays disabled, even if it is bootstrapped.
    { kind: "run", argv: ["launchctl", "enable", agentIn(domain)] },
    {
      kind: "run",
      argv: ["launchctl", "bootstrap", domain.name, plist],
      ...(domain === screen && { fallback: { codes: NO_SCREEN, operations: fallback() } }),
    },
  ];
}

/** bootout returns before launchd has removed the agent. */
function stopAgent(domain: Domain): Operation {
  const agent = agentIn(domain);
  const untilFails = ["launchctl", "print", agent] as const;
  return { kind: "run", argv: ["launchctl", "bootout", agent], mayFail: true, untilFails };
}

function agentIn({ name }: Domain): string {
  return `${name}/${LABEL}`;
}

/** Renders launchd/ai.openclaw.shim.plist. @throws SettingsError if XML cannot hold a path */
function plistFile(
  target: LaunchdTarget,
  { node, settings }: ServiceProgram,
  { session }: Domain,
): FileOperation {
  const folder = "/Users/USERNAME/Library/Application Support/openclaw-shim";
  const replacements = {
    "<string>/usr/local/bin/node<": `<string>${xml(node)}<`,
    [`<string>--env-file=${folder}/environment<`]: `<string>--env-file=${xml(target.environment)}<`,
    [`<string>${folder}/openclaw-shim.mjs<`]: `<string>${xml(target.bundle)}<`,
    "<string>Aqua<": `<string>${session}<`,
    "<integer>20<": `<integer>${Math.max(EXIT_SECONDS, Math.ceil(settings.drain / 1000) + EXIT_MARGIN_SECONDS)}<`,
    "<string>/Users/USERNAME/Library/Logs/openclaw-shim.log<": `<string>${xml(target.log)}<`,
  };
  const content = Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new TypeError(`the LaunchAgent has no ${from}`);
    return text.replaceAll(from, () => to);
  }, template);
  return { kind: "write", path: target.plist, mode: 0o644, content };
}

/** Escapes character data. XML 1.0 (section 2.2) allows no control characters. */
function xml(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
  throw new SettingsError({
    setting: "--node",
    problem: "a path contains a line break or another control character",
    fix: "use another path",
  });
}
