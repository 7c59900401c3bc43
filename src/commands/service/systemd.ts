import { existsSync } from "node:fs";
import { join } from "node:path";
import { listenAddress } from "../../settings/parsers.ts";
import { planOf, removal, ServiceError, type Operation, type RunOperation } from "./operations.ts";
import { runCommand, type CommandResult } from "./run-command.ts";
import { NAME, programFiles, userFiles } from "./service-manager.ts";
import type { Service, ServiceProgram, ServiceState, ServiceTarget, ServiceUser } from "./service-manager.ts";
import { ServiceRoot, type FileOperation } from "./service-root.ts";
import { credentialDropIn, serviceUnit, socketUnit } from "./systemd-units.ts";

interface SystemdTarget extends ServiceTarget {
  readonly uid: number | undefined;
  /** Folder of the units. */
  readonly units: string;
}

const SOCKET = `${NAME}.socket`;
const SERVICE = `${NAME}.service`;
const DROP_IN = `${SERVICE}.d/install-credential.conf`;
/** hier(7), systemd.unit(5). DynamicUser= creates a user whose home is / (systemd.exec(5)). */
const SYSTEM = {
  system: true,
  home: "/",
  units: "/etc/systemd/system",
  bundle: `/usr/local/lib/${NAME}/${NAME}.mjs`,
  environment: `/etc/${NAME}/environment`,
};

const NOT_LINGERING: Operation = {
  kind: "notice",
  level: "warning",
  text: "lingering is off, so the service runs only while you are logged in",
  fix: "to change that",
  command: "loginctl enable-linger",
};

/**
 * Makes the service of a socket unit and a service unit.
 *
 * @param scope `system` for the machine's, `user` for the user's
 * @param image folder of an image that does not run, for `system`
 */
export function systemdService(scope: "system" | "user", user: ServiceUser, image?: string): Service {
  const { uid, env } = user;
  // A shell started by su or cron does not know where the user's systemd is.
  const runtime = `/run/user/${uid}`;
  const target: SystemdTarget = {
    ...(scope === "system" ? SYSTEM : userPaths(user)),
    root: new ServiceRoot(image ?? "/"),
    image,
    uid,
    env: { ...(existsSync(runtime) && { XDG_RUNTIME_DIR: runtime }), ...env },
    logCommand: `journalctl ${scope === "system" ? "--unit" : "--user-unit"} ${SERVICE}`,
  };
  return {
    ...target,
    check: (command) => check(target, command),
    planInstall: (program) => planInstall(target, program),
    planUninstall: () => Promise.resolve(planUninstall(target)),
    givesToken: () => givesToken(target),
    state: () => unitState(target),
  };
}

/** XDG Base Directory Specification: a relative path in a variable is ignored. */
function userPaths({ env, home }: ServiceUser) {
  const folder = (name: string, usual: string): string =>
    env[name]?.startsWith("/") ? env[name] : join(home, usual);
  const config = folder("XDG_CONFIG_HOME", ".config");
  const data = folder("XDG_DATA_HOME", ".local/share");
  const state = folder("XDG_STATE_HOME", ".local/state");
  const files = userFiles(join(data, NAME), join(config, NAME), join(state, NAME));
  return { system: false, home, units: join(config, "systemd/user"), ...files };
}

async function check(target: SystemdTarget, command: string): Promise<void> {
  const { image, system, uid } = target;
  if (image !== undefined) return;
  if (system && uid !== 0) throw new ServiceError("--system changes the machine", { fix: "run it as root" });
  const { code, why } = await systemctl(target, "show", "--property=Version");
  if (code === 0) return;
  const [whose, fix] = system
    ? ["systemd", "for an image that does not run, use --root DIR"]
    : ["your user's systemd", `log in instead of using su, or ${command} with --system`];
  throw new ServiceError(`${whose} does not respond (${why})`, { fix });
}

async function planInstall(target: SystemdTarget, program: ServiceProgram): Promise<Operation[]> {
  const { root, system, units } = target;
  const unit = (name: string, content: string): FileOperation => {
    return { kind: "write", path: join(units, name), mode: 0o644, content };
  };
  const values = { ...target, ...program };
  const changes = root.pending([
    ...programFiles(target, program),
    unit(SOCKET, socketUnit(values)),
    unit(SERVICE, serviceUnit(values)),
    ...(system && program.tokenFile ? [unit(DROP_IN, credentialDropIn(program.tokenFile))] : []),
  ]);
  if (target.image !== undefined) return [...changes, ...root.pending(enablingLinks(target))];
  const changed = (folder: string): boolean => changes.some(({ path }) => path.startsWith(folder));
  const ask = async (verb: string): Promise<string[]> =>
    (await systemctl(target, verb, SOCKET, SERVICE)).stdout.trim().split("\n");
  const enabled = (await ask("is-enabled")).join() === "enabled,enabled";
  const [socket, service] = await ask("is-active");
  // The service requires the socket: systemd stops and starts it with the socket.
  const both = socket !== "active" || changed(join(units, SOCKET));
  const restart = both || service !== "active" || changes.length > 0;
  return planOf([
    ...changes,
    changed(units) && run(target, "daemon-reload"),
    !enabled && run(target, "enable", SOCKET, SERVICE),
    restart && run(target, "restart", ...(both ? [SOCKET] : []), SERVICE),
    !system && !(await lingers(target)) && NOT_LINGERING,
  ]);
}

/** Without lingering, a user's services stop at logout (loginctl(1)). */
async function lingers({ uid, env }: SystemdTarget): Promise<boolean> {
  const argv = ["loginctl", "show-user", `${uid}`, "--property=Linger", "--value"] as const;
  return (await runCommand(argv, env)).stdout.trim() === "yes";
}

function planUninstall(target: SystemdTarget): Operation[] {
  const { root, system, units, bundle, environment, identity = [] } = target;
  const names = [SERVICE, SOCKET].filter((name) => root.has(join(units, name)));
  const files = [
    ...names.map((name): Operation => ({ kind: "remove", path: join(units, name) })),
    ...removal([join(units, DROP_IN), environment, bundle].concat(identity), root),
  ];
  if (target.image !== undefined) {
    const links = enablingLinks(target).map(({ path }) => path);
    return [...removal(links, root).filter(({ kind }) => kind !== "notice"), ...files];
  }
  const removed = files.some(({ kind }) => kind === "remove");
  return planOf([
    names.length > 0 && run(target, "disable", "--now", ...names),
    // Removes StateDirectory=. A systemd before 243 cannot, and it is usually empty.
    system && names.includes(SERVICE) && { ...run(target, "clean", "--what=state", SERVICE), mayFail: true },
    ...files,
    removed && run(target, "daemon-reload"),
    // systemd remembers a failed unit after its file is removed. The command fails if no unit has failed.
    removed && { ...run(target, "reset-failed", SERVICE, SOCKET), mayFail: true },
  ]);
}

/** The links that `systemctl enable` makes for WantedBy= of the system units. */
function enablingLinks({ units }: SystemdTarget): FileOperation[] {
  return [
    { kind: "link", path: join(units, "sockets.target.wants", SOCKET), target: join(units, SOCKET) },
    { kind: "link", path: join(units, "multi-user.target.wants", SERVICE), target: join(units, SERVICE) },
  ];
}

/** A drop-in of the user may contain or load a token. */
function givesToken({ root, units }: SystemdTarget): boolean {
  const folder = join(units, `${SERVICE}.d`);
  const files = root.names(folder).filter((name) => name.endsWith(".conf"));
  const texts = files.map((name) => root.read(join(folder, name)) ?? "");
  return texts.some((text) => /openclaw-gateway-token|OPENCLAW_GATEWAY_TOKEN/.test(text));
}

/** Reads `systemctl show` (systemctl(1)). */
async function unitState(target: SystemdTarget): Promise<ServiceState> {
  const service = (await systemctl(target, "show", SERVICE)).stdout;
  const socket = (await systemctl(target, "show", SOCKET)).stdout;
  const pid = Number(property(service, "MainPID"));
  // One line for each address.
  const addresses = [...socket.matchAll(/^Listen=(\S+) \(Stream\)$/gm)];
  return {
    name: `${SERVICE} (${target.system ? "system" : "user"})`,
    system: target.system,
    installed: property(service, "LoadState") === "loaded",
    running: property(service, "ActiveState") === "active",
    state: stateText(service),
    socket: stateText(socket),
    enabled: property(service, "UnitFileState") === "enabled",
    ...(pid > 0 && { pid }),
    listen: addresses.flatMap(([, text = ""]) => {
      const parsed = listenAddress(text);
      return "value" in parsed ? [parsed.value] : [];
    }),
  };
}

function stateText(shown: string): string {
  const result = property(shown, "Result") ?? "success";
  const state = `${property(shown, "ActiveState") ?? "unknown"} (${property(shown, "SubState") ?? "unknown"})`;
  return result === "success" ? state : `${state}, ${result}`;
}

function property(shown: string, name: string): string | undefined {
  return new RegExp(`^${name}=(.+)$`, "m").exec(shown)?.[1];
}

function systemctl({ system, env }: SystemdTarget, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand(["systemctl", ...(system ? [] : ["--user"]), ...args], env);
}

function run({ system }: SystemdTarget, ...args: readonly string[]): RunOperation {
  return { kind: "run", argv: ["systemctl", ...(system ? [] : ["--user"]), ...args] };
}
