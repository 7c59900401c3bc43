import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { fieldsOf, parseJson, textsIn } from "../text/json.ts";

/** An OpenClaw device: an Ed25519 key pair and its names. */
export interface Device {
  /** Hex SHA-256 of the raw 32-byte public key. */
  readonly id: string;
  /** Base64url of the raw 32-byte public key. */
  readonly publicKey: string;
  /** A KeyObject prints and serializes as its kind only: the key cannot reach a log by accident. */
  readonly privateKey: KeyObject;
}

/** v2 is accepted by every release, v3 by those since 2026.3. */
export type SignatureVersion = "v2" | "v3";

const VERSIONS: readonly SignatureVersion[] = ["v3", "v2"];
const RAW_KEY_BYTES = 32;
/** Of `identity/device.json`, on every release. */
const IDENTITY_VERSION = 1;

/** Makes a new device identity. */
export function createDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return fromKeys(publicKey, privateKey);
}

/**
 * Reads a device identity from the PEM of its private key.
 * @throws TypeError if the PEM is not an Ed25519 private key; the message contains none of it
 */
export function deviceFromPem(privateKeyPem: string): Device {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch {
    throw new TypeError("not a PEM private key");
  }
  if (privateKey.asymmetricKeyType !== "ed25519") throw new TypeError("not an Ed25519 key");
  return fromKeys(createPublicKey(privateKey), privateKey);
}

/**
 * Reads the device from the parsed content of `identity/device.json`, which OpenClaw's CLI creates at its first
 * connection (OpenClaw `src/infra/device-identity.ts`).
 *
 * @returns undefined for content that OpenClaw would not use: it would create another device
 */
export function readIdentity(stored: unknown): Device | undefined {
  const { version, deviceId, publicKeyPem, privateKeyPem } = fieldsOf(stored);
  try {
    const device = deviceFromPem(text(privateKeyPem));
    const { x } = createPublicKey(text(publicKeyPem)).export({ format: "jwk" });
    const isWhole = version === IDENTITY_VERSION && x === device.publicKey && deviceId === device.id;
    return isWhole ? device : undefined;
  } catch {
    return undefined;
  }
}

/** Formats a device as the text of `identity/device.json`. It contains the private key. */
export function identityText({ id, privateKey }: Device, createdAtMs: number): string {
  const stored = {
    version: IDENTITY_VERSION,
    deviceId: id,
    publicKeyPem: createPublicKey(privateKey).export({ type: "spki", format: "pem" }),
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
    createdAtMs,
  };
  return `${JSON.stringify(stored, undefined, 2)}\n`;
}

/** Returns the id of a base64url public key; undefined if that is not the base64url of 32 bytes. */
export function deviceIdOf(publicKey: string): string | undefined {
  const raw = Buffer.from(publicKey, "base64url");
  if (raw.length !== RAW_KEY_BYTES || !/^[\w-]+$/.test(publicKey)) return undefined;
  return createHash("sha256").update(raw).digest("hex");
}

/**
 * Returns the text that a device signs of `connect`'s params (docs/gateway.md section 3; OpenClaw
 * `src/gateway/device-auth.ts`): `v2|deviceId|clientId|clientMode|role|scope,scope|signedAtMs|token|nonce`, in v3 with
 * `|platform|deviceFamily`, trimmed and lower-cased.
 */
export function signedText(signatureVersion: SignatureVersion, params: unknown): string {
  const { client, role, scopes, auth, device } = fieldsOf(params);
  const { id, mode, platform, deviceFamily } = fieldsOf(client);
  const { token, deviceToken, bootstrapToken } = fieldsOf(auth);
  const { id: deviceId, signedAt, nonce } = fieldsOf(device);
  const fields = [
    signatureVersion,
    text(deviceId),
    text(id),
    text(mode),
    text(role) || "operator",
    textsIn(scopes).join(","),
    Number(signedAt),
    text(token) || text(deviceToken) || text(bootstrapToken),
    text(nonce),
  ];
  const metadata = [platform, deviceFamily].map((value) => text(value).trim().toLowerCase());
  return [...fields, ...(signatureVersion === "v3" ? metadata : [])].join("|");
}

/** Adds the device's proof to the params of `connect`. @param nonce from `connect.challenge` */
export function signConnect<T extends object>(
  { id, publicKey, privateKey }: Device,
  params: T,
  nonce: string,
  version: SignatureVersion = "v2",
) {
  const proof = { id, publicKey, signedAt: Date.now(), nonce };
  const signed = Buffer.from(signedText(version, { ...params, device: proof }));
  return { ...params, device: { ...proof, signature: sign(null, signed, privateKey).toString("base64url") } };
}

/**
 * Verifies the device's proof in the params of `connect`, v3 first as the gateway does. Returns the version that it was
 * made for; undefined if neither fits or the key is invalid. The nonce is not compared.
 */
export function verifyConnect(params: unknown): SignatureVersion | undefined {
  const device = fieldsOf(fieldsOf(params)["device"]);
  const x = text(device["publicKey"]);
  if (deviceIdOf(x) === undefined) return undefined;
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signature = Buffer.from(text(device["signature"]), "base64url");
  return VERSIONS.find((version) => verify(null, Buffer.from(signedText(version, params)), key, signature));
}

/**
 * Returns true if a `connect` request is signed by the device that it names, for this connection.
 *
 * @param frame the payload of the WebSocket frame
 * @param nonce the gateway's challenge on this connection; without it the result is false
 */
export function isSignedConnect(frame: Buffer, nonce: string | undefined): boolean {
  const { params } = fieldsOf(parseJson(frame.toString("utf8")));
  const { id, publicKey, nonce: signedNonce } = fieldsOf(fieldsOf(params)["device"]);
  const isOwn = typeof publicKey === "string" && deviceIdOf(publicKey) === id;
  return nonce !== undefined && signedNonce === nonce && isOwn && verifyConnect(params) !== undefined;
}

function fromKeys(publicKey: KeyObject, privateKey: KeyObject): Device {
  const { x = "" } = publicKey.export({ format: "jwk" });
  const id = deviceIdOf(x);
  if (id === undefined) throw new TypeError("not an Ed25519 public key");
  return { id, publicKey: x, privateKey };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
