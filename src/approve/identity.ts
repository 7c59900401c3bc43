import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createDevice, deviceFromPem, type Device } from "../pairing/device.ts";

/** Its name in the state directory. */
export const IDENTITY_FILE = "device.pem";
const MAX_BYTES = 4_096;

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
  try {
    return { device: await readKey(path), path };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const device = createDevice();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(path, "wx", 0o600);
    await file.writeFile(device.privateKey.export({ type: "pkcs8", format: "pem" }));
    await file.close();
    return { device, path };
  } catch (error) {
    return { device, why: error instanceof Error ? error.message : String(error) };
  }
}

async function readKey(path: string): Promise<Device> {
  const file = await open(path, "r");
  try {
    const { mode, size, uid } = await file.stat();
    const owner = process.getuid?.();
    if (owner !== undefined && uid !== owner) throw new Error(`${path} belongs to another user`);
    if ((mode & 0o077) !== 0) throw new Error(`${path} is open to others; chmod 600 it`);
    if (size > MAX_BYTES) throw new Error(`${path} is too large for a private key`);
    return deviceFromPem(await readFile(file, "utf8"));
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
