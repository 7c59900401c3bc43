import { randomUUID } from "node:crypto";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevice, deviceFromPem, type Device } from "../openclaw/device.ts";
import { readSmallFile } from "../openclaw/small-file.ts";
import { messageOf, printable } from "../text/printable.ts";

/** Its name in the state directory. */
export const IDENTITY_FILE = "device.pem";
const MAX_BYTES = 4_096;
const REPLACE = "move it away, and the shim makes a new one";

/** The shim's own device identity. */
export interface Identity {
  readonly device: Device;
  /** Why it could not be stored: the gateway then sees a new device at every start. */
  readonly why?: string;
}

/**
 * Loads the approver's device identity, or creates one and stores it with mode 0600.
 *
 * @param directory the shim's state directory; without it the identity exists in memory only
 * @throws Error if the file exists but is not a private key that only this user can read; the file is left unchanged
 */
export async function loadIdentity(directory: string | undefined): Promise<Identity> {
  if (directory === undefined) return { device: createDevice() };
  const path = join(directory, IDENTITY_FILE);
  const stored = readKey(path);
  if (stored) return { device: stored };
  const device = createDevice();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await store(device, path);
    return { device };
  } catch (error) {
    return { device, why: messageOf(error) };
  }
}

/** Writes the key whole or not at all: a half-written one would end every later start. */
async function store(device: Device, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID({ disableEntropyCache: true })}.tmp`;
  const pem = device.privateKey.export({ type: "pkcs8", format: "pem" });
  try {
    await writeFile(temporary, pem, { flag: "wx", mode: 0o600, flush: true });
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
  const user = process.geteuid?.();
  if (user !== undefined && file.uid !== user) {
    throw new Error(`${shown} belongs to user ${file.uid}, not to user ${user}; ${REPLACE}`);
  }
  if ((file.mode & 0o077) !== 0) throw new Error(`${shown} is open to others; give it mode 0600`);
  try {
    return deviceFromPem(file.text);
  } catch (error) {
    // The message contains nothing of the key.
    throw new Error(`${shown} is damaged: ${messageOf(error)}; ${REPLACE}`, { cause: error });
  }
}
