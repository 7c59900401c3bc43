import { createPublicKey } from "node:crypto";
import { isRecord } from "../text/json.ts";
import { deviceFromPem, type Device } from "./device.ts";

/** Of the format of `identity/device.json`; every release has this one. */
const VERSION = 1;

/**
 * Reads the device from the parsed content of `identity/device.json`, which OpenClaw's CLI creates at its first
 * connection (OpenClaw `src/infra/device-identity.ts`).
 *
 * @returns undefined for content that OpenClaw would not use: it would create another device
 */
export function readIdentity(stored: unknown): Device | undefined {
  if (!isRecord(stored)) return undefined;
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

/** Formats a device as the text of `identity/device.json`. It contains the private key. */
export function identityText({ id, privateKey }: Device, createdAtMs: number): string {
  const stored = {
    version: VERSION,
    deviceId: id,
    publicKeyPem: createPublicKey(privateKey).export({ type: "spki", format: "pem" }),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
    createdAtMs,
  };
  return `${JSON.stringify(stored, undefined, 2)}\n`;
}
