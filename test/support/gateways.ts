import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../../src/openclaw/connect.ts";
import { startFakeGateway, type FakeGateway, type FakeGatewayOptions } from "../fake-gateway/server.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { portOf } from "./raw-gateway.ts";
import { challenge, refusal } from "./messages.ts";
import { openTestShim, type TestShim } from "./shim.ts";

export { challenge, connectRequest, helloOk, refusal } from "./messages.ts";

export const TOKEN = "the-shared-token";

/** What a scripted gateway does with a connection, after its challenge. */
export type Script = (socket: WebSocket, connectId: string) => void;

/** A WebSocket gateway that challenges and, when a connect has come, does what the test says. */
export async function startScripted(script: Script): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  onTestFinished(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, "close");
  });
  server.on("connection", (socket) => {
    socket.send(challenge);
    socket.once("message", (data: Buffer) => {
      const frame: unknown = JSON.parse(data.toString());
      const id = typeof frame === "object" && frame !== null && "id" in frame ? frame.id : "";
      script(socket, String(id));
    });
  });
  return portOf(server);
}

/** A gateway that refuses every connect with `error`, then closes; without `error` it only closes. */
export function startRefusing(
  error: Record<string, unknown> | undefined,
  close: { code: number; reason?: string } = { code: 1008 },
): Promise<number> {
  return startScripted((socket, id) => {
    if (error) socket.send(refusal(error, id));
    socket.close(close.code, close.reason);
  });
}

/** A shim that ends with the test. */
export async function openShimFor(port: number, overrides: Partial<Settings> = {}): Promise<TestShim> {
  const shim = await openTestShim(port, overrides);
  onTestFinished(() => shim.close());
  return shim;
}

/** A fake gateway and a shim in front of it; both end with the test. */
export async function openPair(
  options: Partial<FakeGatewayOptions> = {},
  overrides: Partial<Settings> = {},
): Promise<{ fakeGateway: FakeGateway; shim: TestShim }> {
  const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, ...options });
  onTestFinished(() => fakeGateway.close());
  return { fakeGateway, shim: await openShimFor(fakeGateway.port, overrides) };
}

/** A client's whole handshake through the shim, with a fresh device unless told otherwise. */
export function connectThrough(
  shim: TestShim,
  options: Partial<HandshakeOptions> = {},
): Promise<HandshakeResult> {
  return handshake({ url: `ws://${shim.authority}`, token: TOKEN, device: createDevice(), ...options });
}

/** The log line of an outcome. */
export function lineOf(shim: TestShim, conn: string): Record<string, unknown> | undefined {
  return shim.lines.find((line) => line["conn"] === conn && line["event"] === "pairing.outcome");
}
