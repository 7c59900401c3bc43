import { isRecord, textsIn } from "../text/json.ts";
import { verifyConnect } from "./device.ts";

/**
 * Whether a `connect` request is signed by the device that it names, for this connection (gateway.md section 3). It
 * reads the frame once more, so that nobody keeps the credential which is part of what is signed.
 *
 * @param data the frame's payload, which is JSON
 * @param nonce the gateway's challenge on this connection; without one nothing is signed for it
 */
export function isSignedConnect(data: Buffer, nonce: string | undefined): boolean {
  const params = member(JSON.parse(data.toString("utf8")), "params");
  const [client, device, auth] = ["client", "device", "auth"].map((name) => member(params, name));
  const [publicKey, signature] = [text(device, "publicKey"), text(device, "signature")];
  if (nonce === undefined || text(device, "nonce") !== nonce) return false;
  const version = verifyConnect(publicKey, signature, {
    deviceId: text(device, "id"),
    clientId: text(client, "id"),
    clientMode: text(client, "mode"),
    role: text(params, "role") || "operator",
    scopes: textsIn(member(params, "scopes")),
    signedAt: Number(member(device, "signedAt")),
    token: text(auth, "token") || text(auth, "deviceToken") || text(auth, "bootstrapToken"),
    nonce,
    platform: text(client, "platform"),
    deviceFamily: text(client, "deviceFamily"),
  });
  return version !== undefined;
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === "string" ? found : "";
}
