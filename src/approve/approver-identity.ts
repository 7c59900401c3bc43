import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freshId } from "../net/fresh-id.ts";
import { createDevice, deviceFromPem, type Device } from "../openclaw/device.ts";
import { exposureOf, restrictToUser } from "../openclaw/access-list.ts";
import { readSmallFile } from "../openclaw/small-file.ts";
import { messageOf, printable } from "../text/printable.ts";
import { IDENTITY_FILE } from "./state-files.ts";

const MAX_BYTES = 4_096;
const REPLACE = "move it away, and the shim makes a new one";

/**
 * Loads the approver's device identity, or creates one and stores it for this user alone.
 *
 * @param directory the shim's state directory; without it the identity exists in memory only
 * @returns also why it could not be stored: the gateway then sees a new device at every start
 * @throws Error if the file exists but is not a private key that only this user can read; the file is left unchanged
 */
export async function loadIdentity(directory: string | undefined) {
  const stored = directory === undefined ? undefined : readKey(join(directory, IDENTITY_FILE));
  const device = stored ?? createDevice();
  try {
    if (directory !== undefined && !stored) await store(device, directory);
    return { device };
  } catch (error) {
    return { device, why: messageOf(error) };
  }
}

/** Writes the key whole or not at all: a half-written one would end every later start. */
async function store(device: Device, directory: string): Promise<void> {
  const path = join(directory, IDENTITY_FILE);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${freshId()}.tmp`;
  const pem = device.privateKey.export({ type: "pkcs8", format: "pem" });
  try {
    await writeFile(temporary, "", { flag: "wx", mode: 0o600 });
    restrictToUser(temporary);
    await writeFile(temporary, pem, { flush: true });
    await link(temporary, path); // unlike rename(2), it replaces nothing
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Returns undefined if there is no key. */
function readKey(path: string): Device | undefined {
  const shown = `the shim's device identity ${printable(path, 120)}`;
  const file = readSmallFile(path, MAX_BYTES);
  if ("why" in file) {
    if (file.missing) return undefined;
    const allow = file.denied ? "let the shim's user read it, or " : "";
    throw new Error(`${shown} ${file.why}; ${allow}${REPLACE}`);
  }
  const { text, otherOwner } = file;
  const { openTo, why, fix } = exposureOf(path, file.openTo);
  if (otherOwner !== undefined) throw new Error(`${shown} belongs to user ${otherOwner}; ${REPLACE}`);
  if (openTo !== undefined) throw new Error(`${shown} ${why}; ${fix}`);
  try {
    return deviceFromPem(text);
  } catch (error) {
    throw new Error(`${shown} is damaged: ${messageOf(error)}; ${REPLACE}`, { cause: error });
  }
}
