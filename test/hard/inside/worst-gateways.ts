import { createServer, type Socket } from "node:net";
import { WebSocketServer } from "ws";
import { fieldsOf, parseJson } from "../../../src/text/json.ts";
import { challenge, helloOk, refusal } from "../../support/messages.ts";
import { SWITCHING_PROTOCOLS } from "../../support/raw.ts";
import { frame, TEXT } from "../../support/websocket-frames.ts";

/** What a gateway does with a connection once it has a request head. */
export type OnRequest = (socket: Socket) => void;

export const accept: OnRequest = (socket) => void socket.write(SWITCHING_PROTOCOLS);

export const challengeAll: OnRequest = (socket) => {
  accept(socket);
  socket.write(frame(TEXT, challenge, false));
};

/** Completes the handshake when the client has sent its connect. */
export const connectAll = (socket: Socket, then = (): void => {}): void => {
  challengeAll(socket);
  socket.once("data", () => {
    socket.write(frame(TEXT, helloOk(), false));
    then();
  });
};

/** A gateway that refuses all devices but the shim's, and has a long list of pending requests. */
export function startApprovedGateway(port: number): void {
  const pending = Array.from({ length: 1_000 }, (_, i) => {
    const [requestId, deviceId] = [`request-${i}`, `device-${i}`];
    return { requestId, deviceId, publicKey: "k", role: "operator", scopes: ["x".repeat(3_000)] };
  });
  new WebSocketServer({ port, host: "127.0.0.1" }).on("connection", (socket) => {
    socket.on("error", () => {});
    socket.send(challenge);
    socket.on("message", (data: Buffer) => {
      const { id, method, params } = fieldsOf(parseJson(data.toString()));
      const answer = (payload: unknown): void =>
        socket.send(JSON.stringify({ type: "res", id, ok: true, payload }));
      if (method === "device.pair.list") return answer({ pending, paired: [] });
      if (method !== "connect") return answer({});
      const { client, device } = fieldsOf(params);
      if (fieldsOf(client)["id"] === "gateway-client") return socket.send(helloOk({}, String(id)));
      const requestId = String(fieldsOf(device)["id"]).replace("device", "request");
      const details = { code: "PAIRING_REQUIRED", reason: "not-paired", requestId };
      return socket.send(refusal({ code: "NOT_PAIRED", details }, String(id)));
    });
  });
}

/** A gateway that calls `onRequest` for each connection with a request head. Returns its ends of them. */
export function startRelayedGateway(port: number, onRequest: OnRequest): Socket[] {
  const upstream: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let head = "";
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      // The shim checks whether the gateway is up.
      if (head.startsWith("GET /health "))
        return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}');
      upstream.push(socket);
      onRequest(socket);
    };
    socket.on("data", onData).on("error", () => {});
    socket.on("end", () => socket.end());
  });
  server.listen(port, "127.0.0.1");
  return upstream;
}
