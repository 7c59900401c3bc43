import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createDevice, identityText, readIdentity } from "../../openclaw/device.ts";
import { isRecord } from "../../text/json.ts";
import { commit, type Change } from "./commit.ts";
import { pairedEntry, withoutRequestsOf, type Grant } from "./device-entries.ts";
import { refuseIfGatewayRuns, type GatewayTraces } from "./running-gateway.ts";
import { attempt, checkOwn, DAMAGED_FIX, readStateFile, unfit, type StateFile } from "./state-file.ts";

/** What to prepare. `stateDir` may be a symbolic link, or missing in an existing folder. */
export interface PrePairOptions extends GatewayTraces, Grant {
  /** Plans, and writes nothing. */
  readonly dryRun: boolean;
}

/**
 * What was written, or would be: files relative to the state directory, and all that the device is paired for now. It
 * contains no key and no token. `deviceId` is absent in a dry run that would create a device.
 */
export type PrePairReport = ReturnType<typeof plan>["report"];

/** The gateway's list of known devices, relative to the state directory. */
export const PAIRED = "devices/paired.json";
const IDENTITY = "a device identity (version 1, deviceId, publicKeyPem and privateKeyPem that match)";
const RESTORE = "restore it, or move it away to get a new one";

/**
 * Pairs the device of a state directory before a gateway is started on it: writes `identity/device.json` and the
 * device's entry in `devices/paired.json`, and removes its requests from `devices/pending.json`. Everything else in
 * these files is left unchanged. Releases since 2026.6 import the files into their SQLite store at the gateway's first
 * start. `identity/device-auth.json` is not needed: the tool writes it when the first hello-ok brings its token.
 *
 * @throws PrePairError; then no file was changed
 */
export async function prePair(options: PrePairOptions): Promise<PrePairReport> {
  const stateDir = realStateDir(options.stateDir);
  refuseSqlite(stateDir);
  await refuseIfGatewayRuns({ ...options, stateDir });
  const { folders, changes, report } = plan(stateDir, options);
  if (!options.dryRun) commit(folders, changes);
  return report;
}

function plan(stateDir: string, options: PrePairOptions) {
  const folders = [stateDir, join(stateDir, "identity"), join(stateDir, "devices")];
  for (const folder of folders) checkOwn(folder, "a folder");
  const identity = readStateFile(join(stateDir, "identity/device.json"));
  const paired = readStateFile(join(stateDir, PAIRED));
  const pending = readStateFile(join(stateDir, "devices/pending.json"));
  const now = Date.now();

  const known = identity.found && readIdentity(identity.found.value);
  if (identity.found && !known) throw notAsWritten(identity, IDENTITY, RESTORE);
  const device = known ?? createDevice();

  const entries = paired.found ? paired.found.value : {};
  if (!isRecord(entries)) throw notAsWritten(paired, "an object of devices");
  const existing = Object.hasOwn(entries, device.id) ? entries[device.id] : undefined;
  const entry = pairedEntry(device, existing, options, now);
  if (!entry)
    throw unfit(paired.path, `has an entry ${device.id} that is not from OpenClaw`, "remove that entry");
  const changed = existing === undefined ? "created" : "updated";
  const state = isDeepStrictEqual(entry, existing) ? "unchanged" : changed;

  const requests = withoutRequestsOf(device.id, pending.found ? pending.found.value : {});
  if (!requests) throw notAsWritten(pending, "an object or a list of requests");

  const changes = [
    change(identity, known ? undefined : identityText(device, now)),
    change(paired, state === "unchanged" ? undefined : json({ ...entries, [device.id]: entry })),
    requests.removed.length === 0 ? undefined : { file: pending, text: json(requests.rest) },
  ].filter((one) => one !== undefined);
  const report = {
    stateDir,
    deviceId: options.dryRun && !known ? undefined : device.id,
    identity: known ? "kept" : "created",
    paired: state,
    roles: entry.roles,
    scopes: entry.scopes,
    removedRequests: requests.removed,
    written: changes.map(({ file }) => file.path.slice(stateDir.length + 1)),
  };
  return { folders, changes, report };
}

/** Returns undefined if nothing has to be written. A file that others can read is rewritten for its owner alone. */
function change(file: StateFile, text: string | undefined): Change | undefined {
  if (text !== undefined) return { file, text };
  return file.found && (file.found.stat.mode & 0o077n) !== 0n ? { file, text: file.found.text } : undefined;
}

// As OpenClaw writes its store (`src/infra/json-files.ts`).
function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

function notAsWritten({ path }: StateFile, what: string, fix = DAMAGED_FIX) {
  return unfit(path, `is not ${what} as OpenClaw writes it`, fix);
}

function realStateDir(path: string): string {
  const stat = attempt(path, "opened", () => lstatSync(path, { throwIfNoEntry: false }));
  if (stat) return attempt(path, "opened", () => realpathSync(path));
  const parent = attempt(path, "created", () => realpathSync(dirname(path)));
  return join(parent, basename(path));
}

function refuseSqlite(stateDir: string): void {
  const path = join(stateDir, "state", "openclaw.sqlite");
  if (!attempt(path, "read", () => lstatSync(path, { throwIfNoEntry: false }))) return;
  throw unfit(
    path,
    `exists: OpenClaw has imported its devices into SQLite, which pre-pair does not write`,
    "start the gateway and pair the device there (openclaw devices approve, or the shim's --approve seen), or run " +
      "pre-pair before any other OpenClaw command in this folder: most of them create that file",
  );
}
