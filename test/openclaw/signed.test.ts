import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { handshake, type HandshakeOptions } from "../support/client.ts";
import { createDevice, isSignedConnect } from "../../src/openclaw/device.ts";
import { isRecord } from "../../src/text/json.ts";
import { challenge } from "../support/messages.ts";
import { portOf } from "../support/raw.ts";

const NONCE: string = JSON.parse(challenge).payload.nonce;

/** The connect of a client of the gateway's, as it is on the wire. */
async function connectOf(options: Partial<HandshakeOptions>): Promise<Buffer> {
  const gateway = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => gateway.close());
  await once(gateway, "listening");
  const frame = new Promise<Buffer>((resolve) => {
    gateway.on("connection", (socket) => {
      socket.send(challenge);
      socket.once("message", (data: Buffer) => {
        resolve(data);
        socket.close();
      });
    });
  });
  await handshake({ url: `ws://127.0.0.1:${portOf(gateway)}`, device: createDevice(), ...options });
  return frame;
}

describe("a connect is signed by the device that it names", () => {
  it.each([
    ["v2 with a token", { token: "t" }],
    [
      "v3 with a device token",
      { signature: "v3", deviceToken: "d", scopes: ["operator.write", "operator.read"] },
    ],
    ["v2 without a credential", {}],
  ] satisfies [string, Partial<HandshakeOptions>][])("%s", async (_what, options) => {
    const data = await connectOf(options);
    expect(isSignedConnect(data, NONCE)).toBe(true);
    // One that was overheard elsewhere has another nonce.
    expect(isSignedConnect(data, "another")).toBe(false);
    expect(isSignedConnect(data, undefined)).toBe(false);
  });

  it("but not by a device that names another one", async () => {
    const device = { ...createDevice(), id: createDevice().id };
    expect(isSignedConnect(await connectOf({ token: "t", device }), NONCE)).toBe(false);
  });

  it.each<[string, (params: Record<string, unknown>) => Record<string, unknown>]>([
    ["more scopes", (params) => ({ ...params, scopes: ["operator.admin"] })],
    ["another credential", (params) => ({ ...params, auth: { token: "other" } })],
    [
      "no signature",
      ({ device, ...params }) => ({ ...params, device: { ...record(device), signature: "" } }),
    ],
    [
      "the key of another device",
      ({ device, ...params }) => ({ ...params, device: { ...record(device), ...otherDevice() } }),
    ],
    ["no key", ({ device, ...params }) => ({ ...params, device: { ...record(device), publicKey: 7 } })],
    ["no device", ({ device: _device, ...params }) => params],
  ])("but not with %s", async (_what, amend) => {
    expect(isSignedConnect(await connectOf({ token: "t", amend }), NONCE)).toBe(false);
  });
});

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function otherDevice(): object {
  const { id, publicKey } = createDevice();
  return { id, publicKey };
}
