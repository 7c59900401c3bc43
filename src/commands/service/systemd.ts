import { existsSync } from "node:fs";
import { join } from "node:path";
import systemServiceFile from "../../../systemd/openclaw-shim.service?raw";
import systemSocketFile from "../../../systemd/openclaw-shim.socket?raw";
import userServiceFile from "../../../systemd/user/openclaw-shim.service?raw";
import userSocketFile from "../../../systemd/user/openclaw-shim.socket?raw";
import { GATEWAY_USER_FILE, IDENTITY_FILE } from "../../approve/state-files.ts";
import { withAdvice } from "../../text/advice.ts";
import { authorityOf, isLoopbackName } from "../../net/authority.ts";
import { ipFamily } from "../../net/ip-address.ts";
import type { Settings } from "../../settings/settings.ts";
import { removal, runCommand, type Operation } from "./operations.ts";
import { pending, type FileOperation } from "./service-root.ts";
import { invalid, lineOf, NAME, type ServiceProgram, type User } from "./service-settings.ts";
import { SERVICE, showUnits, SOCKET, unitState } from "./systemd-units.ts";

type SystemdScope = ReturnType<typeof scopeOf>;

/** StateDirectory= with DynamicUser=: a link, and what it leads to (systemd.exec(5)). */
const STATE_FOLDERS = [`/var/lib/${NAME}`, `/var/lib/private/${NAME}`];
const DROP_IN = `${SERVICE}.d/install-credential.conf`;
/** TimeoutStopSec= in the files in systemd/, and how much longer than the drain it is at least. */
const STOP_SECONDS = 15;
const STOP_MARGIN_SECONDS = 10;

/** Makes the service of a user, of the machine (`system`), or of an image that does not run. */
export function systemdService(user: User, system: boolean, image?: string) {
  const scope = scopeOf(user, system, image);
  return {
    scope,
    /** @throws Error if systemd does not respond, or this user may not change the service */
    check: async () => {
      if (scope.offline) return;
      if (system && user.uid !== 0) throw new Error("--system changes the machine; run it as root");
      const { code, why } = await runCommand([...scope.systemctl, "show", "--property=Version"], scope.env);
      const text = `${system ? "systemd" : "your user's systemd"} does not respond (${why})`;
      const fix = system
        ? "for an image that does not run, use --root DIR"
        : "log in instead of using su, or use --system";
      if (code !== 0) throw new Error(withAdvice(text, { fix }));
    },
    planInstall: (program: ServiceProgram) => planInstall(scope, program),
    planUninstall: () => Promise.resolve(planUninstall(scope)),
    state: () => unitState(scope),
    stopCommand: () => Promise.resolve(scope.stopCommand),
  };
}

/** Paths: hier(7), systemd.unit(5); XDG Base Directory Specification, which ignores a relative path in a variable. */
function scopeOf({ uid, env, home }: User, system: boolean, image?: string) {
  const folder = (name: string, usual: string, machine: string): string => {
    if (system) return machine;
    return env[name]?.startsWith("/") ? env[name] : join(home, usual);
  };
  const config = folder("XDG_CONFIG_HOME", ".config", "/etc");
  const units = join(config, "systemd", system ? "system" : "user");
  const state = folder("XDG_STATE_HOME", ".local/state", "/var/lib");
  // A shell started by su or cron does not know where the user's systemd is.
  const runtime = `/run/user/${uid}`;
  return {
    root: image ?? "/",
    /** The image does not run: commands cannot be run. */
    offline: image !== undefined,
    /** The machine's service: it can read no private file, and its sandbox hides home folders. */
    system,
    uid,
    env: { ...(existsSync(runtime) && { XDG_RUNTIME_DIR: runtime }), ...env },
    // DynamicUser= creates a user whose home is / (systemd.exec(5)).
    home: system ? "/" : home,
    units,
    /** Files in which the user may give the service a token. */
    dropIns: join(units, `${SERVICE}.d`),
    /** The program, a copy: an npx cache or a node_modules folder may disappear. */
    bundle: join(folder("XDG_DATA_HOME", ".local/share", "/usr/local/lib"), NAME, `${NAME}.mjs`),
    environment: join(config, NAME, "environment"),
    /** That of the system service is in StateDirectory=, which systemd removes. */
    identity: system ? [] : [IDENTITY_FILE, GATEWAY_USER_FILE].map((file) => join(state, NAME, file)),
    systemctl: system ? ["systemctl"] : ["systemctl", "--user"],
    stopCommand: `${system ? `${uid === 0 ? "" : "sudo "}systemctl` : "systemctl --user"} stop ${SOCKET} ${SERVICE}`,
    logCommand: `journalctl --${system ? "" : "user-"}unit ${SERVICE}`,
  };
}

async function planInstall(scope: SystemdScope, program: ServiceProgram): Promise<Operation[]> {
  const { root, offline, system, units, systemctl } = scope;
  const { settings, files } = program;
  const unit = (name: string, content: string) =>
    ({ kind: "write", path: join(units, name), mode: 0o644, content }) as const;
  const changes = pending<FileOperation>(root, [
    ...files,
    unit(SOCKET, socketUnit(system, settings)),
    unit(SERVICE, serviceUnit(scope, program)),
    ...(system && settings.tokenFile ? [unit(DROP_IN, credentialDropIn(settings.tokenFile))] : []),
    ...enablingLinks(scope),
  ]);
  if (offline) return changes;
  const [socket, service] = await showUnits(scope);
  const changed = (path: string): boolean => changes.some((change) => change.path.startsWith(path));
  // The service requires the socket: systemd stops and starts it with the socket.
  const both = !socket.isActive || changed(join(units, SOCKET));
  const restarts = both || !service.isActive || changes.length > 0;
  const run = (...args: string[]): Operation => ({ kind: "run", argv: [...systemctl, ...args] });
  return [
    ...changes,
    ...(changed(units) ? [run("daemon-reload")] : []),
    ...(socket.isEnabled && service.isEnabled ? [] : [run("enable", SOCKET, SERVICE)]),
    ...(restarts ? [run("restart", ...(both ? [SOCKET] : []), SERVICE)] : []),
    ...(await lingeringWarning(scope)),
  ];
}

/** Without lingering, a user's services stop at logout (loginctl(1)). */
async function lingeringWarning({ system, uid, env }: SystemdScope): Promise<Operation[]> {
  const command = ["loginctl", "show-user", `${uid}`, "--property=Linger", "--value"];
  if (system || (await runCommand(command, env)).stdout.trim() === "yes") return [];
  const advice = { fix: "to change that", command: "loginctl enable-linger" };
  const text = withAdvice("lingering is off, so the service runs only while you are logged in", advice);
  return [{ kind: "message", level: "warning", text }];
}

/** Plans the end of the service, and the removal of its files and state. */
export function planUninstall(scope: SystemdScope): Operation[] {
  const { root, offline, system, units, systemctl, bundle, environment, identity } = scope;
  const links = enablingLinks(scope).map(({ path }) => path);
  const own = [SERVICE, SOCKET, DROP_IN].map((name) => join(units, name));
  const files = removal(root, [...links, ...own, environment, bundle, ...identity]);
  if (offline || files.length === 0) return files;
  const names = [SERVICE, SOCKET].filter((name) => files.some(({ path }) => path === join(units, name)));
  const run = (...args: string[]) => ({ kind: "run", argv: [...systemctl, ...args] }) as const;
  const attempt = (...args: string[]) => ({ ...run(...args), mayFail: true }) as const;
  // StateDirectory= has the approver's key. A systemd before 243 has no `clean`; systemctl exits with 1 then.
  const remove = { kind: "run", argv: ["rm", "-rf", ...STATE_FOLDERS] } as const;
  const clean = { ...run("clean", "--what=state", SERVICE), fallback: { codes: [1], plan: [remove] } };
  return [
    ...(names.length > 0 ? [run("disable", "--now", ...names)] : []),
    // `clean` refuses a failed unit, and systemd remembers one after its file is removed. Fails if neither is loaded.
    attempt("reset-failed", SERVICE, SOCKET),
    ...(system && names.includes(SERVICE) ? [clean] : []),
    ...files,
    run("daemon-reload"),
  ];
}

/** The links that `systemctl enable` makes for WantedBy= of the system units, for an image. */
function enablingLinks({ offline, units }: SystemdScope) {
  const wanted = { "sockets.target.wants": SOCKET, "multi-user.target.wants": SERVICE };
  return Object.entries(offline ? wanted : {}).map(([folder, name]) => {
    return { kind: "link", path: join(units, folder, name), target: join(units, name) } as const;
  });
}

/** Renders systemd/openclaw-shim.service. @throws SettingsError if a unit cannot hold a path */
export function serviceUnit(
  { system, bundle, environment }: Pick<SystemdScope, "system" | "bundle" | "environment">,
  { node, settings }: Pick<ServiceProgram, "node" | "settings">,
): string {
  const { gateway, metricsListen } = settings;
  const stop = Math.max(STOP_SECONDS, Math.ceil(settings.drain / 1000) + STOP_MARGIN_SECONDS);
  const unit = withDirectives(system ? systemServiceFile : userServiceFile, {
    ExecStart: [execStart(node, bundle)],
    EnvironmentFile: [`-${escaped("the home folder", environment)}`],
    TimeoutStopSec: [`${stop}`],
  });
  const allow = metricsListen ? `SocketBindAllow=tcp:${metricsListen.port}\n` : "";
  const bound = unit.replace("SocketBindDeny=any\n", `$&${allow}`);
  const isRemote = !isLoopbackName(gateway.host);
  // Scrapers, names and name servers may have any address. A user's systemd has no filter: its unit has no such line.
  if ((metricsListen && !isLoopbackName(metricsListen.host)) || (isRemote && ipFamily(gateway.host) === 0))
    return withDirectives(bound, { IPAddressAllow: [], IPAddressDeny: [] });
  return isRemote ? withDirectives(bound, { IPAddressAllow: ["localhost", gateway.host] }) : bound;
}

/** Renders systemd/openclaw-shim.socket. @throws SettingsError if a unit cannot hold an address */
export function socketUnit(system: boolean, { listen, allowFrom }: Settings): string {
  const ListenStream = listen.map((address) => escaped("--listen", authorityOf(address)));
  if (!system) return withDirectives(userSocketFile, { ListenStream });
  return withDirectives(systemSocketFile, { ListenStream, IPAddressAllow: ["localhost", ...allowFrom] });
}

/** Renders a drop-in that gives the system service a token that its own user cannot read. */
export function credentialDropIn(tokenFile: string): string {
  return `# Written by openclaw-shim install --system --token-file.
# The shim sends the token to root's or the gateway's user's process only, so it must see users.
[Service]
PrivateUsers=no
LoadCredential=openclaw-gateway-token:${escaped("--token-file", tokenFile)}
`;
}

/** Replaces the lines of each directive; comments stay. */
function withDirectives(unit: string, directives: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(directives).reduce((text, [name, values]) => {
    const lines = values.map((value) => `${name}=${value}\n`).join("");
    return text.replace(new RegExp(`(?:^${name}=.*\n)+`, "m"), () => lines);
  }, unit);
}

/** Escapes `%`, which begins a specifier (systemd.unit(5), SPECIFIERS). */
function escaped(setting: string, text: string): string {
  return lineOf(setting, text).replaceAll("%", "%%");
}

/** Quotes a command line (systemd.service(5), COMMAND LINES). */
function execStart(node: string, bundle: string): string {
  if (node.includes("$"))
    throw invalid("--node", "systemd allows no $ in the path of a program", "use another path");
  const words = [node, bundle.replaceAll("$", "$$$$"), "run"].map((word) => escaped("ExecStart", word));
  const plain = /^[\w@%+=:,./$-]+$/;
  return words.map((word) => (plain.test(word) ? word : `"${word.replaceAll(/["\\]/g, "\\$&")}"`)).join(" ");
}
