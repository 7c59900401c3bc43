import { readFileSync } from "node:fs";
import { SettingsError } from "../../settings/settings-error.ts";
import { readFlags, type CommandFlag } from "../../settings/flags.ts";
import type { Settings } from "../../settings/settings.ts";
import { settingsWarnings } from "../../settings/warnings.ts";
import { commandEnvironment, counted, type Caller } from "./caller.ts";
import { dryExecutor, realExecutor, type Executor } from "./executor.ts";
import { awaitShim, gatewayLine, ownAddress } from "./health.ts";
import { imageNotes } from "./image-notes.ts";
import { installAgent } from "./launchd.ts";
import { chooseNode, type ChosenNode } from "./node-choice.ts";
import { Root } from "./root.ts";
import { serviceSettings, strayVariables } from "./service-settings.ts";
import { hasTokenIfNeeded } from "./service-token.ts";
import {
  installOffline,
  installRunning,
  lingers,
  logCommand,
  requireSystemd,
  type SystemdInstallation,
} from "./systemd.ts";
import { findTarget, type ImageTarget, type SystemdTarget, type Target } from "./target.ts";

/** From the start of the service to its first answer, on a busy machine. */
const ANSWER_MS = 15_000;
const NO_TOKEN =
  "--approve seen: needs the gateway's token, and the service would find none; add --token-file FILE";

/**
 * Installs the shim as a service and starts it, or upgrades one that is there: systemd units, a LaunchAgent, or with
 * `--root` the files of an image. Says what it did.
 *
 * @param args what follows the command's name
 * @param script the one file to run, which is copied
 * @throws SettingsError for what cannot be; Error where something fails on the way
 */
export async function installService(
  args: readonly string[],
  flags: readonly CommandFlag[],
  script: string,
  caller: Caller,
): Promise<void> {
  const options = readFlags(args, flags).flags;
  const target = findTarget(options, caller);
  const root = new Root(target.kind === "image" ? target.root : "/");
  const { environment: path } = target.places;
  const { settings, environment, ...token } = serviceSettings({
    args,
    flags,
    before: root.read(path),
    path,
    home: target.home,
    system: isSystem(target),
    offline: target.kind === "image",
  });
  const hasToken = hasTokenIfNeeded({ settings, environment, ...token }, target, root);
  if (!hasToken && target.kind !== "image") throw new SettingsError([NO_TOKEN]);
  const node = await chooseNode(options.get("node")?.[0], target, caller.execPath);
  for (const warning of [...warnings(node, caller), ...settingsWarnings(settings)]) caller.warn(warning);

  const { say, any } = counted(caller.say);
  const parts = { root, env: commandEnvironment(caller), say };
  const executor = options.has("dry-run") ? dryExecutor(parts) : realExecutor(parts);
  const program = { node: node.path, settings, environment, bundle: readFileSync(script) };
  if (target.kind === "launchd") {
    await installAgent({ ...program, places: target.places }, target.uid, executor);
  } else {
    const { tokenFile } = token;
    const credential = isSystem(target) && tokenFile !== undefined && { credential: tokenFile };
    await installUnits(target, { ...program, places: target.places, ...credential }, caller, executor);
  }
  if (target.kind === "image") {
    for (const note of imageNotes({ node: node.path, hasToken, ...token }, target, root)) caller.note(note);
  }
  if (!any()) say("nothing to do: it is installed like this already");
  else if (target.kind === "image" && !executor.dry) say(`next: boot the image; ${afterBoot(target)}`);
  if (target.kind !== "image" && !executor.dry) say(await firstAnswer(settings, target));
}

function afterBoot({ places }: ImageTarget): string {
  return `the shim starts with it, and ${logCommand(places)} shows its lines there`;
}

function warnings({ warning }: ChosenNode, { env }: Caller): string[] {
  const strays = strayVariables(env).map(
    (name) => `${name} is set here, but the service does not see it; give it as a flag`,
  );
  return warning === undefined ? strays : [warning, ...strays];
}

async function installUnits(
  { kind, places }: SystemdTarget | ImageTarget,
  installation: SystemdInstallation,
  { uid, warn }: Caller,
  executor: Executor,
): Promise<void> {
  if (kind === "image") return installOffline(installation, executor);
  if (!executor.dry) await requireSystemd(places, uid, executor, "install");
  await installRunning(installation, executor);
  if (places.scope === "system" || (await lingers(uid, executor))) return;
  warn("lingering is off, so it runs only while you are logged in; to change that: loginctl enable-linger");
}

function isSystem(target: Target): boolean {
  return target.kind !== "launchd" && target.places.scope === "system";
}

async function firstAnswer({ listen }: Settings, target: Target): Promise<string> {
  const address = ownAddress(listen);
  const answer = await awaitShim(address, ANSWER_MS);
  if ("health" in answer) return `openclaw-shim answers at ${address}; ${gatewayLine(answer.health)}`;
  const log = target.kind === "launchd" ? target.places.log : logCommand(target.places);
  throw new Error(`it is installed, but does not run: ${answer.why}; why is in ${log}`);
}
