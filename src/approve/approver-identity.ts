import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDevice, deviceFromPem, type Device } from "../openclaw/device.ts";
import { messageOf, printable } from "../text/printable.ts";

/** Its name in the state directory. */
export const IDENTITY_FILE = "device.pem";
const MAX_BYTES = 4_096;
const ANEW = "move it away, and the shim makes a new one";

/** The shim's own device identity, and where it is kept; without `path` it lives in memory only. */
export interface Identity {
  readonly device: Device;
  readonly path?: string;
  /** Why it could not be kept: the gateway then meets a new device at every start. */
  readonly why?: string;
}

/**
 * Loads the approver's device identity, or makes one and keeps it with mode 0600.
 *
 * @param directory the shim's state directory; undefined keeps the identity in memory
 * @throws Error when the file is there but is not a private key of ours alone: it is left as it is
 */
export async function loadIdentity(directory: string | undefined): Promise<Identity> {
  if (directory === undefined) return { device: createDevice() };
  const path = join(directory, IDENTITY_FILE);
  const kept = await readKey(path);
  if (kept) return { device: kept, path };
  const device = createDevice();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await keep(device, path);
    return { device, path };
  } catch (error) {
    return { device, why: messageOf(error) };
  }
}

/** Whole or not at all: a half-written key would end every later start. */
async function keep(device: Device, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID({ disableEntropyCache: true })}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(device.privateKey.export({ type: "pkcs8", format: "pem" }));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path); // unlike rename(2), it replaces nothing
  } finally {
    await rm(temporary, { force: true });
  }
}

/** @returns undefined where there is none */
async function readKey(path: string): Promise<Device | undefined> {
  const shown = `the shim's device identity ${printable(path, 120)}`;
  let file;
  try {
    // O_NONBLOCK: a FIFO in its place must not hold us up.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Error(`${shown} cannot be read (${code}); let the shim's user read it, or ${ANEW}`, {
      cause: error,
    });
  }
  try {
    const stat = await file.stat();
    const owner = process.geteuid?.();
    if (!stat.isFile()) throw new Error(`${shown} is not a regular file; ${ANEW}`);
    if (owner !== undefined && stat.uid !== owner) {
      throw new Error(`${shown} belongs to user ${stat.uid}, not to user ${owner}; ${ANEW}`);
    }
    if ((stat.mode & 0o077) !== 0) throw new Error(`${shown} is open to others; chmod 600 it`);
    if (stat.size > MAX_BYTES) throw new Error(`${shown} is too large for a private key; ${ANEW}`);
    return deviceFromPem(await file.readFile("utf8"));
  } catch (error) {
    // Its message holds nothing of the key.
    if (!(error instanceof TypeError)) throw error;
    throw new Error(`${shown} is damaged: ${error.message}; ${ANEW}`, { cause: error });
  } finally {
    await file.close();
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
