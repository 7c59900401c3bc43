import { setTimeout as sleep } from "node:timers/promises";
import { CommandError, removeWithFolders, type Executor } from "./executor.ts";
import { LABEL, type LaunchdPlaces } from "./places.ts";
import { launchAgent, type PlistValues, type SessionType } from "./plist.ts";
import type { CommandResult } from "./run-command.ts";

/** All that a LaunchAgent consists of. */
export interface LaunchdInstallation extends Omit<PlistValues, "session"> {
  /** The one file that is run. */
  readonly bundle: Buffer;
  /** The text of the environment file. */
  readonly environment: string;
}

/** A domain of launchd and the session type that an agent in it has. */
interface Domain {
  readonly name: string;
  readonly session: SessionType;
}

/** What `launchctl` answers where nobody is logged in at the screen: it cannot be had, or does not do such things. */
const NO_SUCH_DOMAIN: ReadonlySet<number | undefined> = new Set([125, 112]);
/** ExitTimeOut of the plist and some more: until then launchd has killed it. */
const GONE_MS = 30_000;
const GONE_CHECK_MS = 200;

/**
 * Installs or upgrades the LaunchAgent, and starts what is new: the domain of the screen (gui/UID), or where there is
 * none, as over SSH, the user's (user/UID).
 *
 * @param uid the user's
 * @throws CommandError where launchctl fails
 */
export async function installAgent(
  installation: LaunchdInstallation,
  uid: number,
  executor: Executor,
): Promise<void> {
  const { places, bundle, environment } = installation;
  const [screen, background] = domains(uid);
  const loaded = (await findAgent(uid, executor))?.domain;
  const plist = plistFor(installation, loaded ?? screen);
  const changed = [
    executor.write({ path: places.bundle, mode: 0o755, content: bundle }),
    executor.write({ path: places.environment, mode: 0o600, content: environment }),
  ];
  const replaced = executor.write(plist);
  if (loaded && !replaced) {
    if (changed.includes(true)) await executor.run(["launchctl", "kickstart", "-k", target(loaded)]);
    return;
  }
  if (loaded) await bootout(loaded, executor);
  const domain = loaded ?? screen;
  const failure = await bootstrap(domain, places, executor);
  if (failure === undefined) return;
  if (domain.session === "Aqua" && NO_SUCH_DOMAIN.has(failure.code)) {
    executor.write(plistFor(installation, background));
    const second = await bootstrap(background, places, executor);
    if (second === undefined) return;
    throw second;
  }
  throw failure;
}

/**
 * Takes the LaunchAgent away. Its log stays.
 *
 * @throws CommandError where launchctl fails, Error where the agent does not end
 */
export async function uninstallAgent(places: LaunchdPlaces, uid: number, executor: Executor): Promise<void> {
  const loaded = await findAgent(uid, executor);
  if (loaded) await bootout(loaded.domain, executor);
  executor.remove(places.plist);
  removeWithFolders([places.environment, places.bundle, places.identity], executor);
}

/** The agent where it is loaded: its domain, and what `launchctl print` says of it. */
export async function findAgent(
  uid: number,
  executor: Pick<Executor, "ask">,
): Promise<{ readonly domain: Domain; readonly printed: string } | undefined> {
  for (const domain of domains(uid)) {
    const { code, stdout } = await executor.ask(["launchctl", "print", target(domain)]);
    if (code === 0) return { domain, printed: stdout };
  }
  return undefined;
}

function domains(uid: number): readonly [screen: Domain, background: Domain] {
  return [
    { name: `gui/${uid}`, session: "Aqua" },
    { name: `user/${uid}`, session: "Background" },
  ];
}

function target({ name }: Domain): string {
  return `${name}/${LABEL}`;
}

async function isLoaded(domain: Domain, executor: Executor): Promise<boolean> {
  return (await executor.ask(["launchctl", "print", target(domain)])).code === 0;
}

function plistFor(installation: LaunchdInstallation, { session }: Domain): Parameters<Executor["write"]>[0] {
  const content = launchAgent({ ...installation, session });
  return { path: installation.places.plist, mode: 0o644, content };
}

/** @returns why it failed */
async function bootstrap(
  domain: Domain,
  { plist }: LaunchdPlaces,
  executor: Executor,
): Promise<CommandError | undefined> {
  const commands = [
    // An agent that was disabled once stays so, whatever is bootstrapped.
    ["launchctl", "enable", target(domain)],
    ["launchctl", "bootstrap", domain.name, plist],
  ] as const;
  for (const command of commands) {
    const result: CommandResult = await executor.attempt(command);
    if (result.code !== 0) return new CommandError(command, result);
  }
  return undefined;
}

/** Asks it to end and waits until launchd has forgotten it: bootout answers before that. */
async function bootout(domain: Domain, executor: Executor): Promise<void> {
  const { code, why } = await executor.attempt(["launchctl", "bootout", target(domain)]);
  const deadline = performance.now() + GONE_MS;
  while (!executor.dry && (await isLoaded(domain, executor))) {
    if (performance.now() > deadline) {
      throw new Error(
        `${target(domain)} is still there ${GONE_MS / 1000} s after launchctl bootout (${code}: ${why})`,
      );
    }
    await sleep(GONE_CHECK_MS);
  }
}
