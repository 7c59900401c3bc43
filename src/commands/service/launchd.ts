import { join } from "node:path";
import { parseEnv } from "node:util";
import template from "../../../launchd/ai.openclaw.shim.plist?raw";
import { IDENTITY_FILE } from "../../approve/state-files.ts";
import { loadSettings } from "../../settings/load.ts";
import { lastStderrLine, removal, runCommand, type Operation } from "./operations.ts";
import { pending, readText, type FileOperation } from "./service-root.ts";
import { NAME, xml, type ServiceProgram, type User } from "./service-settings.ts";

/**
 * The session types (launchd.plist(5), LimitLoadToSessionType) of agents in the domains of launchctl(1): that of the
 * screen, and the user's own, which also exists without a login at the screen, as over SSH.
 */
const SESSIONS = { gui: "Aqua", user: "Background" } as const;
type Domain = keyof typeof SESSIONS;
type LaunchdScope = ReturnType<typeof agentScope>;

const LABEL = "ai.openclaw.shim";
/** What launchctl exits with if nobody is logged in at the screen: no such domain, or one that cannot load agents. */
const NO_SCREEN = [125, 112];
/** In launchd/ai.openclaw.shim.plist. */
const EXIT_SECONDS = 20;
const EXIT_MARGIN_SECONDS = 10;

/** Makes the service of a user's LaunchAgent. */
export function launchdService(user: User) {
  const scope = agentScope(user);
  return {
    scope,
    // launchctl reports its own failures.
    check: () => Promise.resolve(),
    planInstall: (program: ServiceProgram) => planInstall(scope, program),
    planUninstall: () => planUninstall(scope),
    state: () => agentState(scope),
    stopCommand: async () => `launchctl bootout ${agent(scope, (await findAgent(scope))?.domain ?? "gui")}`,
  };
}

function agentScope({ uid, env, home }: User) {
  const support = join(home, "Library/Application Support", NAME);
  const log = join(home, "Library/Logs", `${NAME}.log`);
  return {
    root: "/",
    offline: false,
    system: false,
    uid,
    env,
    home,
    bundle: join(support, `${NAME}.mjs`),
    environment: join(support, "environment"),
    identity: join(home, ".local/state", NAME, IDENTITY_FILE),
    plist: join(home, "Library/LaunchAgents", `${LABEL}.plist`),
    dropIns: undefined,
    log,
    logCommand: `tail '${log.replaceAll("'", "'\\''")}'`,
  };
}

async function planInstall(scope: LaunchdScope, program: ServiceProgram): Promise<Operation[]> {
  const loaded = (await findAgent(scope))?.domain;
  const plist = (domain: Domain): FileOperation => {
    return { kind: "write", path: scope.plist, mode: 0o644, content: renderPlist(scope, program, domain) };
  };
  // An agent that was disabled once stays disabled, even if it is bootstrapped.
  const enable = (domain: Domain): Operation => run("enable", agent(scope, domain));
  const bootstrap = (domain: Domain) => run("bootstrap", `${domain}/${scope.uid}`, scope.plist);
  const withoutScreen = [plist("user"), enable("user"), bootstrap("user")];
  const start =
    loaded === "user"
      ? withoutScreen.slice(1)
      : [enable("gui"), { ...bootstrap("gui"), fallback: { codes: NO_SCREEN, plan: withoutScreen } }];
  const changes = pending(scope.root, [...program.files, plist(loaded ?? "gui")]);
  if (loaded === undefined) return [...changes, ...start];
  if (changes.some(({ path }) => path === scope.plist)) return [...changes, stop(scope, loaded), ...start];
  return changes.length === 0 ? [] : [...changes, run("kickstart", "-k", agent(scope, loaded))];
}

/** The log stays. */
async function planUninstall(scope: LaunchdScope): Promise<Operation[]> {
  const { root, plist, environment, bundle, identity } = scope;
  const loaded = (await findAgent(scope))?.domain;
  const files = removal(root, [plist, environment, bundle, identity]);
  return loaded === undefined ? files : [stop(scope, loaded), ...files];
}

/** Reads `launchctl print`. Its output is for people, but these lines have been stable. */
async function agentState(scope: LaunchdScope) {
  const { root, environment, home, uid } = scope;
  const found = await findAgent(scope);
  const field = (name: string): string | undefined =>
    new RegExp(`^\\s*${name} = (.+)$`, "m").exec(found?.printed ?? "")?.[1];
  const state = field("state") ?? "not loaded";
  const exit = field("last exit code");
  const hasFailed = state !== "running" && exit !== undefined && exit !== "0";
  const env = { ...parseEnv(readText(root, environment) ?? ""), HOME: home };
  return {
    name: `${LABEL}${found ? ` (${found.domain}/${uid})` : ""}`,
    system: false,
    installed: found !== undefined,
    running: state === "running",
    state: exit === undefined || state === "running" ? state : `${state}, last exit code ${exit}`,
    lastError: hasFailed
      ? lastStderrLine((await runCommand(["tail", "-n", "100", scope.log], scope.env)).stdout)
      : undefined,
    socket: undefined,
    enabled: undefined,
    pid: Number(field("pid")) || undefined,
    listen: (await loadSettings({ env })).listen,
  };
}

/** Returns the domain in which the agent is loaded, and what launchctl prints about it. */
async function findAgent(scope: LaunchdScope) {
  for (const domain of ["gui", "user"] as const) {
    const { code, stdout } = await runCommand(["launchctl", "print", agent(scope, domain)], scope.env);
    if (code === 0) return { domain, printed: stdout };
  }
  return undefined;
}

/** bootout returns before launchd has removed the agent. */
function stop(scope: LaunchdScope, domain: Domain): Operation {
  const name = agent(scope, domain);
  return { ...run("bootout", name), mayFail: true, untilFails: ["launchctl", "print", name] };
}

function run(...args: string[]) {
  return { kind: "run", argv: ["launchctl", ...args] } as const;
}

function agent({ uid }: LaunchdScope, domain: Domain): string {
  return `${domain}/${uid}/${LABEL}`;
}

/** Renders launchd/ai.openclaw.shim.plist. @throws SettingsError if XML cannot hold a path */
function renderPlist(scope: LaunchdScope, { node, settings }: ServiceProgram, domain: Domain): string {
  const folder = "/Users/USERNAME/Library/Application Support/openclaw-shim";
  const strings: Readonly<Record<string, string>> = {
    "/usr/local/bin/node": node,
    [`--env-file=${folder}/environment`]: `--env-file=${scope.environment}`,
    [`${folder}/openclaw-shim.mjs`]: scope.bundle,
    "/Users/USERNAME/Library/Logs/openclaw-shim.log": scope.log,
    Aqua: SESSIONS[domain],
  };
  const seconds = Math.max(EXIT_SECONDS, Math.ceil(settings.drain / 1000) + EXIT_MARGIN_SECONDS);
  return template
    .replace(/(?<=<string>)[^<]+/g, (text) => xml(strings[text] ?? text))
    .replace(`<integer>${EXIT_SECONDS}<`, `<integer>${seconds}<`);
}
