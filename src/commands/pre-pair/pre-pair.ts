import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createDevice, identityText, readIdentity } from "../../openclaw/device.ts";
import { isRecord } from "../../text/json.ts";
import { printable } from "../../text/printable.ts";
import { commit } from "./commit.ts";
import type { Change } from "./commit.ts";
import { pairedEntry, withoutRequestsOf } from "./device-entries.ts";
import type { Grant } from "./device-entries.ts";
import { attempt, PrePairError } from "./pre-pair-error.ts";
import { refuseIfGatewayRuns } from "./running-gateway.ts";
import type { GatewayTraces } from "./running-gateway.ts";
import { checkOwn, DAMAGED_FIX, readStateFile } from "./state-file.ts";
import type { StateFile } from "./state-file.ts";

/** What to prepare. `stateDir` may be a symbolic link, or missing in an existing folder. */
export interface PrePairOptions extends GatewayTraces, Grant {
  /** Plans, and writes nothing. */
  readonly dryRun: boolean;
}

/** What was written, or would be. Contains no key and no token. */
export type PrePairReport = ReturnType<typeof plan>["report"];

/** The gateway's list of known devices, relative to the state directory. */
export const PAIRED = "devices/paired.json";

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
  if (identity.found && !known) {
    const what = "a device identity (version 1, deviceId, publicKeyPem and privateKeyPem that match)";
    throw notAsWritten(identity, what, "restore it, or move it away to get a new one");
  }
  const device = known ?? createDevice();

  const entries = paired.found ? paired.found.value : {};
  if (!isRecord(entries)) throw notAsWritten(paired, "an object of devices");
  const existing = Object.hasOwn(entries, device.id) ? entries[device.id] : undefined;
  const entry = pairedEntry(device, existing, options, now);
  if (!entry) {
    const problem = `the entry ${device.id} in ${printable(paired.path)} is not from OpenClaw`;
    throw new PrePairError(problem, "remove that entry");
  }
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
    /** None in a dry run that would create a device. */
    deviceId: options.dryRun && !known ? undefined : device.id,
    identity: known ? "kept" : "created",
    paired: state,
    /** All roles and scopes that the device is paired for now. */
    roles: entry.roles,
    scopes: entry.scopes,
    /** Ids of the pending requests of this device that were removed. */
    removedRequests: requests.removed,
    /** Files relative to the state directory; none if nothing had to change. */
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

function notAsWritten({ path }: StateFile, what: string, fix = DAMAGED_FIX): PrePairError {
  return new PrePairError(`${printable(path)} is not ${what} as OpenClaw writes it`, fix);
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
  throw new PrePairError(
    `${printable(path)} exists: OpenClaw has imported its devices into SQLite, which pre-pair does not write`,
    "start the gateway and pair the device there (openclaw devices approve, or the shim's --approve seen), or run " +
      "pre-pair before any other OpenClaw command in this folder: most of them create that file",
  );
}
