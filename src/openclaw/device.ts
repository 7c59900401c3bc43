import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { fieldsOf, parseJson, textsIn } from "../text/json.ts";

const RAW_KEY_BYTES = 32;

/** An OpenClaw device: an Ed25519 key pair and its names. */
export interface Device {
  /** Hex SHA-256 of the raw 32-byte public key. */
  readonly id: string;
  /** Base64url of the raw 32-byte public key. */
  readonly publicKey: string;
  /** A KeyObject prints and serializes as its kind only: the key cannot reach a log by accident. */
  readonly privateKey: KeyObject;
}

/** What a device signs in `connect`. The order of scopes counts. */
export interface ConnectPayload {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  /** Unix time in milliseconds. */
  readonly signedAt: number;
  /** `auth.token`, else `auth.deviceToken`, else `auth.bootstrapToken`, else empty. */
  readonly token?: string | undefined;
  /** From `connect.challenge`. */
  readonly nonce: string;
  /** Signed in v3 only, trimmed and lower-cased. */
  readonly platform?: string | undefined;
  /** Signed in v3 only, trimmed and lower-cased. */
  readonly deviceFamily?: string | undefined;
}

/** v2 is accepted by every release, v3 by those since 2026.3. */
export type SignatureVersion = "v2" | "v3";

/** Makes a new device identity. */
export function createDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return fromKeys(publicKey, privateKey);
}

/**
 * Reads a device identity from the PEM of its private key, as `identity/device.json` holds it.
 * @throws TypeError when the PEM is not an Ed25519 private key; the message holds none of it.
 */
export function deviceFromPem(privateKeyPem: string): Device {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch {
    throw new TypeError("not a PEM private key");
  }
  if (privateKey.asymmetricKeyType !== "ed25519") {
    throw new TypeError(`not an Ed25519 key: ${privateKey.asymmetricKeyType ?? "unknown kind"}`);
  }
  return fromKeys(createPublicKey(privateKey), privateKey);
}

/**
 * Returns the id of a base64url public key,
 * or undefined if that is not the base64url of 32 bytes.
 */
export function deviceIdOf(publicKey: string): string | undefined {
  const raw = rawPublicKey(publicKey);
  return raw && createHash("sha256").update(raw).digest("hex");
}

/**
 * Returns the bytes that are signed, as text (docs/gateway.md section 3; OpenClaw `src/gateway/device-auth.ts`):
 * `v2|deviceId|clientId|clientMode|role|scope,scope|signedAtMs|token|nonce`, in v3 with `|platform|deviceFamily`.
 */
export function connectPayload(version: SignatureVersion, payload: ConnectPayload): string {
  const fields = [
    version,
    payload.deviceId,
    payload.clientId,
    payload.clientMode,
    payload.role,
    payload.scopes.join(","),
    String(payload.signedAt),
    payload.token ?? "",
    payload.nonce,
  ];
  if (version === "v3") fields.push(metadata(payload.platform), metadata(payload.deviceFamily));
  return fields.join("|");
}

/** Signs a connect payload; returns the signature as base64url. */
export function signConnect(device: Device, version: SignatureVersion, payload: ConnectPayload): string {
  return sign(null, Buffer.from(connectPayload(version, payload)), device.privateKey).toString("base64url");
}

/**
 * Verifies a signature over a connect payload, v3 first as the gateway does. Returns the version that it was made for;
 * undefined if neither fits or the key is invalid.
 */
export function verifyConnect(
  publicKey: string,
  signature: string,
  payload: ConnectPayload,
  versions: readonly SignatureVersion[] = ["v3", "v2"],
): SignatureVersion | undefined {
  const raw = rawPublicKey(publicKey);
  if (!raw) return undefined;
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
    format: "jwk",
  });
  const bytes = Buffer.from(signature, "base64url");
  return versions.find((version) => verify(null, Buffer.from(connectPayload(version, payload)), key, bytes));
}

/**
 * Returns true if a `connect` request is signed by the device that it names, for this connection. It parses the frame
 * once more, so that the credential, which is signed too, is not stored.
 *
 * @param data the frame's payload, which is JSON
 * @param nonce the gateway's challenge on this connection; without it the result is false
 */
export function isSignedConnect(data: Buffer, nonce: string | undefined): boolean {
  const params = fieldsOf(fieldsOf(parseJson(data.toString("utf8")))["params"]);
  const client = fieldsOf(params["client"]);
  const device = fieldsOf(params["device"]);
  const auth = fieldsOf(params["auth"]);
  if (nonce === undefined || device["nonce"] !== nonce) return false;
  const version = verifyConnect(text(device["publicKey"]), text(device["signature"]), {
    deviceId: text(device["id"]),
    clientId: text(client["id"]),
    clientMode: text(client["mode"]),
    role: text(params["role"]) || "operator",
    scopes: textsIn(params["scopes"]),
    signedAt: Number(device["signedAt"]),
    token: text(auth["token"]) || text(auth["deviceToken"]) || text(auth["bootstrapToken"]),
    nonce,
    platform: text(client["platform"]),
    deviceFamily: text(client["deviceFamily"]),
  });
  return version !== undefined;
}

function fromKeys(publicKey: KeyObject, privateKey: KeyObject): Device {
  const { x } = publicKey.export({ format: "jwk" });
  const id = x === undefined ? undefined : deviceIdOf(x);
  if (x === undefined || id === undefined) throw new TypeError("not an Ed25519 public key");
  return { id, publicKey: x, privateKey };
}

function rawPublicKey(publicKey: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(publicKey)) return undefined;
  const raw = Buffer.from(publicKey, "base64url");
  return raw.length === RAW_KEY_BYTES ? raw : undefined;
}

function metadata(value: string | undefined): string {
  return (value ?? "").trim().toLowerCase();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
