import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { handshake, type HandshakeOptions, type HandshakeResult } from "./client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { startFakeGateway, type FakeGateway, type FakeGatewayOptions } from "../fake-gateway/server.ts";
import { challenge, refusal } from "./messages.ts";
import { portOf } from "./raw.ts";
import { openShimFor, type TestShim } from "./shim.ts";

export const TOKEN = "the-shared-token";

/** Handles one connection of a scripted gateway after the connect request. */
export type Script = (socket: WebSocket, connectId: string) => void;

/** Starts a WebSocket gateway that sends a challenge and runs `script` at the connect request; closes it after the test. */
export async function startScriptedGateway(script: Script): Promise<{ readonly port: number }> {
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
  return { port: portOf(server) };
}

/** Starts a gateway that refuses every connect request with `error` and closes; without `error` it only closes. */
export function startRefusingGateway(
  error: Record<string, unknown> | undefined,
  close: { code: number; reason?: string } = { code: 1008 },
): Promise<{ readonly port: number }> {
  return startScriptedGateway((socket, id) => {
    if (error) socket.send(refusal(error, id));
    socket.close(close.code, close.reason);
  });
}

/** Starts a fake gateway with a shim in front of it; closes both after the test. */
export async function startFakeGatewayWithShim(
  options: Partial<FakeGatewayOptions> = {},
  overrides: Partial<Settings> = {},
): Promise<{ fakeGateway: FakeGateway; shim: TestShim }> {
  const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN, ...options });
  onTestFinished(() => fakeGateway.close());
  return { fakeGateway, shim: await openShimFor(fakeGateway, overrides) };
}

/** Does a handshake through the shim, by default with a new device and the right token. */
export function connectThrough(
  shim: TestShim,
  options: Partial<HandshakeOptions> = {},
): Promise<HandshakeResult> {
  return handshake({ url: `ws://${shim.authority}`, token: TOKEN, device: createDevice(), ...options });
}

/** Returns the log line of a connection's outcome. */
export function outcomeLineOf(shim: TestShim, conn: string): Record<string, unknown> | undefined {
  return shim.lines.find((line) => line["conn"] === conn && line["event"] === "pairing.outcome");
}
