import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isRecord } from "../../text/json.ts";
import { createDevice, deviceFromPem } from "../../openclaw/device.ts";
import type { Device } from "../../openclaw/device.ts";
import { printable } from "../../text/printable.ts";
import { PrepairError } from "./error.ts";
import type { StateFile } from "./state-file.ts";

const VERSION = 1;

/**
 * The device of `identity/device.json`, which OpenClaw's command makes at its first connection (OpenClaw
 * `src/infra/device-identity.ts`).
 * @returns undefined where there is no file
 * @throws PrepairError for a file that OpenClaw would not use as it is: it would make another device
 */
export function readIdentity({ path, found }: StateFile): Device | undefined {
  if (!found) return undefined;
  const device = isRecord(found.value) ? matching(found.value) : undefined;
  if (device) return device;
  throw new PrepairError(
    `${printable(path)} is not a device identity as OpenClaw writes it (version ${VERSION}, deviceId, publicKeyPem and ` +
      "privateKeyPem that belong together); restore it, or move it away to get a new one",
  );
}

/** A new device, and the text of the `identity/device.json` that holds it. */
export function makeIdentity(now: number): { readonly device: Device; readonly text: string } {
  const device = createDevice();
  const stored = {
    version: VERSION,
    deviceId: device.id,
    publicKeyPem: publicPem(device.privateKey),
    privateKeyPem: device.privateKey.export({ type: "pkcs8", format: "pem" }),
    createdAtMs: now,
  };
  return { device, text: `${JSON.stringify(stored, undefined, 2)}\n` };
}

function matching(stored: Readonly<Record<string, unknown>>): Device | undefined {
  const { version, deviceId, publicKeyPem, privateKeyPem } = stored;
  if (version !== VERSION || typeof publicKeyPem !== "string" || typeof privateKeyPem !== "string") {
    return undefined;
  }
  try {
    const device = deviceFromPem(privateKeyPem);
    const { x } = createPublicKey(publicKeyPem).export({ format: "jwk" });
    return x === device.publicKey && deviceId === device.id ? device : undefined;
  } catch {
    return undefined;
  }
}

function publicPem(privateKey: KeyObject): string | Buffer {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" });
}
