import { dirname, join } from "node:path";
import { removeWithFolders, type Executor } from "./executor.ts";
import type { Command } from "./run-command.ts";
import { UNITS, type SystemdPlaces } from "./places.ts";
import { credentialDropIn, serviceUnit, socketUnit, type UnitValues } from "./units.ts";

/** All that an installation under systemd consists of. */
export interface SystemdInstallation extends UnitValues {
  /** The one file that is run. */
  readonly bundle: Buffer;
  /** The text of the environment file. */
  readonly environment: string;
  /** The token's file, for a LoadCredential=; absent leaves one that is there. */
  readonly credential?: string;
}

/** systemctl(1) for this scope. */
export function systemctl({ scope }: SystemdPlaces, ...args: readonly string[]): Command {
  return ["systemctl", ...(scope === "user" ? ["--user"] : []), ...args];
}

/** Where the service's lines are read: journalctl(1). */
export function logCommand({ scope }: SystemdPlaces): string {
  return scope === "user" ? `journalctl --user-unit ${UNITS.service}` : `journalctl --unit ${UNITS.service}`;
}

/**
 * Makes sure that there is a systemd to install into, and that this user may.
 *
 * @param verb what is asked for, to say how else it could be done
 * @throws Error where not
 */
export async function requireSystemd(
  places: SystemdPlaces,
  uid: number | undefined,
  executor: Pick<Executor, "ask">,
  verb: "install" | "uninstall",
): Promise<void> {
  if (places.scope === "system" && uid !== 0) throw new Error("--system changes the machine: run it as root");
  const { code, why } = await executor.ask(systemctl(places, "show", "--property=Version"));
  if (code === 0) return;
  throw new Error(
    places.scope === "user"
      ? `your own systemd does not answer (${why}); log in rather than su, or ${verb} with --system`
      : `systemd does not answer (${why}); for an image that does not run, use --root DIR`,
  );
}

/** Whether a user's services run while the user is not logged in (loginctl(1), enable-linger). */
export async function lingers(uid: number | undefined, executor: Pick<Executor, "ask">): Promise<boolean> {
  const { stdout } = await executor.ask([
    "loginctl",
    "show-user",
    String(uid),
    "--property=Linger",
    "--value",
  ]);
  return stdout.trim() === "yes";
}

/**
 * Installs or upgrades the units on a running systemd, and starts what is new. Nothing that is as it should be is
 * touched; the port stays open while only the service changes.
 *
 * @throws CommandError where systemctl fails, SettingsError where a value cannot stand in a unit
 */
export async function installRunning(installation: SystemdInstallation, executor: Executor): Promise<void> {
  const { places } = installation;
  const { units, socket, others } = writeFiles(installation, executor);
  if (units) await executor.run(systemctl(places, "daemon-reload"));
  const names = [UNITS.socket, UNITS.service];
  const enabled = await states(places, "is-enabled", executor);
  if (enabled.some((state) => state !== "enabled")) await executor.run(systemctl(places, "enable", ...names));
  const [socketState, serviceState] = await states(places, "is-active", executor);
  // The service requires the socket, so it goes down and up with it.
  if (socket || socketState !== "active") await executor.run(systemctl(places, "restart", ...names));
  else if (units || others || serviceState !== "active") {
    await executor.run(systemctl(places, "restart", UNITS.service));
  }
}

/** One word for the socket and one for the service. */
async function states(places: SystemdPlaces, verb: string, executor: Executor): Promise<readonly string[]> {
  // The exit code tells only whether one of them is.
  const { stdout } = await executor.ask(systemctl(places, verb, UNITS.socket, UNITS.service));
  const [socket = "", service = ""] = stdout.split("\n");
  return [socket, service];
}

/** Installs into an image that does not run: the files, and the links that `systemctl enable` would make. */
export function installOffline(installation: SystemdInstallation, executor: Executor): void {
  writeFiles(installation, executor);
  for (const [path, target] of enablingLinks(installation.places)) executor.link(path, target);
}

/**
 * Takes the units off a running systemd.
 *
 * @throws CommandError where systemctl fails
 */
export async function uninstallRunning(places: SystemdPlaces, executor: Executor): Promise<void> {
  const names = [UNITS.service, UNITS.socket].filter((name) => executor.has(join(places.units, name)));
  if (names.length > 0) await executor.run(systemctl(places, "disable", "--now", ...names));
  // What StateDirectory= made; a systemd before 243 cannot do it, and there is mostly nothing in it.
  if (names.includes(UNITS.service) && places.scope === "system") {
    await executor.attempt(systemctl(places, "clean", "--what=state", UNITS.service));
  }
  if (!removeFiles(places, executor)) return;
  await executor.run(systemctl(places, "daemon-reload"));
  // A unit that has failed is remembered after its file is gone; mostly none has, which systemctl calls an error.
  await executor.attempt(systemctl(places, "reset-failed", UNITS.service, UNITS.socket));
}

/** Takes the units out of an image that does not run. */
export function uninstallOffline(places: SystemdPlaces, executor: Executor): void {
  for (const [path] of enablingLinks(places)) {
    executor.remove(path);
    executor.removeFolder(dirname(path));
  }
  removeFiles(places, executor);
}

/** @returns what was not as it should be: a unit at all, the socket among them, anything else */
function writeFiles(
  installation: SystemdInstallation,
  executor: Executor,
): { units: boolean; socket: boolean; others: boolean } {
  const { places, bundle, environment, credential } = installation;
  const { service, socket, dropIn } = unitPaths(places);
  // Rendered before anything is written: a value that cannot stand in a unit leaves all as it is.
  const units = { service: serviceUnit(installation), socket: socketUnit(installation) };
  const token = credential === undefined ? undefined : credentialDropIn(credential);
  const changed = [
    executor.write({ path: places.bundle, mode: 0o755, content: bundle }),
    executor.write({ path: places.environment, mode: 0o600, content: environment }),
  ];
  const socketChanged = executor.write({ path: socket, mode: 0o644, content: units.socket });
  const unitsChanged = [
    socketChanged,
    executor.write({ path: service, mode: 0o644, content: units.service }),
    token !== undefined && executor.write({ path: dropIn, mode: 0o644, content: token }),
  ];
  return { units: unitsChanged.includes(true), socket: socketChanged, others: changed.includes(true) };
}

function removeFiles(places: SystemdPlaces, executor: Executor): boolean {
  const { service, socket, dropIn } = unitPaths(places);
  const { environment, bundle, identity } = places;
  const units = [service, socket].map((path) => executor.remove(path));
  return removeWithFolders([dropIn, environment, bundle, identity], executor) || units.includes(true);
}

function unitPaths({ units }: SystemdPlaces): { service: string; socket: string; dropIn: string } {
  const service = join(units, UNITS.service);
  return {
    service,
    socket: join(units, UNITS.socket),
    dropIn: join(`${service}.d`, "install-credential.conf"),
  };
}

/** What the [Install] sections ask for: systemd.unit(5), WantedBy=. */
function enablingLinks({ units }: SystemdPlaces): readonly (readonly [path: string, target: string])[] {
  return [
    [join(units, "sockets.target.wants", UNITS.socket), join(units, UNITS.socket)],
    [join(units, "multi-user.target.wants", UNITS.service), join(units, UNITS.service)],
  ];
}
