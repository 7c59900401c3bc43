import { randomBytes } from "node:crypto";

/** The messages between the benchmark's client and gateway, created once to use no CPU later. */

// From RFC 6455 section 1.3.
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const TEXT = 0x1;
const BINARY = 0x2;
/** About the size of the snapshot in OpenClaw's hello-ok. */
const SNAPSHOT_BYTES = 12_000;

/** Bytes of a message in each direction, frame header included. */
export interface MessageSizes {
  readonly up: number;
  readonly down: number;
}

/** The name of the machine behind the header-injecting proxy. */
export const PUBLIC_HOST = "sb-4711.vercel.run";
const FORWARDING = [
  "X-Forwarded-For: 10.0.0.7",
  "X-Forwarded-Proto: https",
  `X-Forwarded-Host: ${PUBLIC_HOST}`,
  "X-Forwarded-Port: 443",
  "X-Real-IP: 10.0.0.7",
  "Forwarded: for=10.0.0.7;proto=https",
  "Via: 1.1 edge",
];

/** Returns the fields of every request: those of a header-injecting proxy, or of a client on the same machine. */
export function commonFields(port: number, proxied: boolean): string[] {
  return [`Host: ${proxied ? PUBLIC_HOST : `127.0.0.1:${port}`}`, ...(proxied ? FORWARDING : [])];
}

/** Returns an upgrade request; the path holds the sizes of the messages. */
export function upgradeRequest(port: number, sizes: MessageSizes, proxied: boolean): Buffer {
  const lines = [
    `GET /bench/${sizes.up}/${sizes.down} HTTP/1.1`,
    ...commonFields(port, proxied),
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${KEY}`,
    "User-Agent: openclaw-cli/2026.9.6",
    ...(proxied ? ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] : []),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

export const SWITCHING_PROTOCOLS = Buffer.from(
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
);

const deviceId = randomBytes(32).toString("hex");
const scopes = ["operator.admin", "operator.read", "operator.write"];
const nonce = "6f9c1c4e-5c1e-4a56-9a55-0d6f8f0f6a11";
const connectId = "1f0c2c38-2b2a-4c43-8a3f-3a4c0b7b9a10";
const signedAt = 1_789_000_000_000;

export const CHALLENGE = gatewayFrame({
  type: "event",
  event: "connect.challenge",
  payload: { nonce, ts: signedAt },
});

// Shaped as OpenClaw's own; the benchmark checks neither token nor signature.
export const CONNECT = clientFrame({
  type: "req",
  id: connectId,
  method: "connect",
  params: {
    minProtocol: 3,
    maxProtocol: 4,
    client: { id: "cli", version: "2026.9.6", platform: "linux", mode: "cli" },
    role: "operator",
    scopes,
    caps: [],
    auth: { token: randomBytes(24).toString("hex") },
    device: {
      id: deviceId,
      publicKey: randomBytes(32).toString("base64url"),
      signature: randomBytes(64).toString("base64url"),
      signedAt,
      nonce,
    },
  },
});

const presence = {
  host: "bench",
  ip: "127.0.0.1",
  mode: "gateway",
  reason: "connect",
  text: "Gateway: bench",
};
const entries = Math.ceil(SNAPSHOT_BYTES / JSON.stringify(presence).length);

export const HELLO_OK = gatewayFrame({
  type: "res",
  id: connectId,
  ok: true,
  payload: {
    type: "hello-ok",
    protocol: 4,
    server: { version: "2026.9.6", connId: connectId },
    features: { methods: ["health"], events: ["connect.challenge"] },
    snapshot: { presence: Array.from({ length: entries }, () => presence), health: { ok: true } },
    auth: { method: "token", role: "operator", scopes },
    policy: { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 },
  },
});

/**
 * Returns one binary frame of `size` bytes in total. A client's mask is zero (RFC 6455 section 5.3).
 *
 * @throws RangeError if no frame has that size
 */
export function messageOf(size: number, from: "client" | "gateway"): Buffer {
  const mask = from === "client" ? Buffer.alloc(4) : undefined;
  const overhead = header(BINARY, size - header(BINARY, size, mask).length, mask).length;
  const payload = size - overhead;
  const frame = Buffer.concat([header(BINARY, payload, mask), Buffer.alloc(payload, "message ")]);
  if (frame.length !== size) throw new RangeError(`no WebSocket frame has ${size} bytes`);
  return frame;
}

function gatewayFrame(message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  return Buffer.concat([header(TEXT, payload.length), payload]);
}

function clientFrame(message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const mask = randomBytes(4);
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([header(TEXT, payload.length, mask), payload]);
}

/** Returns a frame header (RFC 6455 section 5.2). */
function header(opcode: number, length: number, mask?: Buffer): Buffer {
  const first = 0x80 | opcode;
  const masked = mask ? 0x80 : 0;
  let bytes: Buffer;
  if (length < 126) {
    bytes = Buffer.from([first, masked | length]);
  } else if (length < 65_536) {
    bytes = Buffer.from([first, masked | 126, 0, 0]);
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes = Buffer.from([first, masked | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  return mask ? Buffer.concat([bytes, mask]) : bytes;
}
