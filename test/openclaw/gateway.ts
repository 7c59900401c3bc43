import { once } from "node:events";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { isRecord } from "../../src/text/json.ts";
import { challenge, helloOk } from "../support/messages.ts";
import { portOf } from "../support/raw.ts";

/** A request of a connected client. */
export interface Asked {
  readonly id: string;
  readonly method: string;
  readonly webSocket: WebSocket;
}

/** What a gateway that accepts every client does then. */
export interface Behaviour {
  /** After the hello-ok, with the socket below the WebSocket. */
  readonly onConnected?: (socket: Socket) => void;
  readonly onRequest?: (asked: Asked) => void;
}

/** Starts a gateway that accepts every client; it ends with the test. */
export async function startOpenGateway({ onConnected, onRequest }: Behaviour): Promise<{ port: number }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (webSocket, { socket }) => {
    webSocket.on("error", () => {});
    webSocket.send(challenge);
    webSocket.on("message", (data: Buffer) => {
      const frame: unknown = JSON.parse(data.toString());
      if (!isRecord(frame)) return;
      const [id, method] = [String(frame["id"]), String(frame["method"])];
      if (method === "connect") {
        webSocket.send(helloOk({}, id));
        onConnected?.(socket);
      } else {
        onRequest?.({ id, method, webSocket });
      }
    });
  });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, "listening");
  return { port: portOf(server) };
}
