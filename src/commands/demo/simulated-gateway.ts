import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { isLoopbackName, parseAuthority } from "../../net/authority.ts";
import { readConnect, type ConnectRequest, type GatewayError } from "../../openclaw/protocol.ts";
import { holds } from "../../openclaw/releases.ts";
import { textOf } from "../../openclaw/session.ts";
import { isSignedConnect } from "../../openclaw/device.ts";
import { isRecord } from "../../text/json.ts";

/** A gateway that decides about CLI clients as one release of OpenClaw does. */
export interface SimulatedGateway {
  readonly port: number;
  /** Pairs the device of a pending request. @throws Error if no such request is pending. */
  approve(requestId: string): void;
  close(): Promise<void>;
}

export type SimulatedRelease = keyof typeof PROTOCOL;

/** The releases that the demo shows, and the version of the protocol in their hello-ok. */
const PROTOCOL = { "2026.2.19": 3, "2026.4.5": 3, "2026.9.6": 4 } as const;

/** Where forwarding is refused, the presence of such a header counts, not its value (docs/gateway.md section 1). */
const FORWARDING =
  /^(?:forwarded|x-real-ip|x-forwarded-.*|tailscale-(?:funnel-request|headers-info|user-(?:login|name|profile-pic)))$/;

const FORWARDING_REFUSED = JSON.stringify({
  error: { message: "Proxy client attribution is required.", type: "proxy_attribution_required" },
});
const WRONG_TOKEN =
  "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";

/**
 * Starts a gateway on a free port of 127.0.0.1, for CLI clients that have a device. It knows no device yet.
 * A test compares its decisions with those of test/fake-gateway, which simulates the releases in full.
 * @throws the system's error if no port is free.
 */
export async function startSimulatedGateway(
  release: SimulatedRelease,
  token: string,
): Promise<SimulatedGateway> {
  const paired = new Set<string>();
  /** Request ids by device id. A request stays pending although its device is local later (section 2). */
  const pending = new Map<string, string>();

  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ ok: true, status: "live" }));
  });
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: false,
    verifyClient({ req: { headers } }, done) {
      const refused = holds("forwardingRefused", release) && isForwarded(headers);
      done(!refused, 403, FORWARDING_REFUSED, { "Content-Type": "application/json; charset=utf-8" });
    },
  });
  sockets.on("connection", (socket, { headers }) => {
    const nonce = randomUUID();
    socket.on("error", () => socket.terminate());
    socket.once("message", (data) => {
      const message = Buffer.from(textOf(data));
      const request = readConnect(message);
      if (!request) return socket.close(1008, "invalid request frame");
      const error = authenticate(message, nonce) ?? pair(request.deviceId ?? "", isLocal(release, headers));
      if (!error) return send(socket, { type: "res", id: request.id, ok: true, payload: helloOk(request) });
      send(socket, { type: "res", id: request.id, ok: false, error });
      return socket.close(1008, error.message);
    });
    send(socket, { type: "event", event: "connect.challenge", payload: { nonce, ts: Date.now() } });
  });

  function authenticate(message: Buffer, nonce: string): GatewayError | undefined {
    if (!isSignedConnect(message, nonce)) {
      return refusal("INVALID_REQUEST", "device signature invalid", {
        code: "DEVICE_AUTH_SIGNATURE_INVALID",
      });
    }
    const params = member(JSON.parse(message.toString()), "params");
    if (member(member(params, "auth"), "token") === token) return undefined;
    return refusal("INVALID_REQUEST", WRONG_TOKEN, { code: "AUTH_TOKEN_MISMATCH" });
  }

  /** Pairs a local device silently, unless it has a pending request. */
  function pair(deviceId: string, local: boolean): GatewayError | undefined {
    if (local && !pending.has(deviceId)) paired.add(deviceId);
    if (paired.has(deviceId)) return undefined;
    const requestId = pending.get(deviceId) ?? randomUUID();
    pending.set(deviceId, requestId);
    return refusal(
      "NOT_PAIRED",
      "pairing required",
      { code: "PAIRING_REQUIRED", reason: "not-paired" },
      requestId,
    );
  }

  function refusal(code: string, message: string, details: object, requestId?: string): GatewayError {
    const id = requestId === undefined ? {} : { requestId };
    return { code, message, details: holds("detailsCode", release) ? { ...id, ...details } : id };
  }

  function helloOk({ role = "operator", scopes = [] }: ConnectRequest): object {
    return {
      type: "hello-ok",
      protocol: PROTOCOL[release],
      server: { version: release, connId: randomUUID() },
      auth: { role, scopes, deviceToken: randomUUID() },
      snapshot: {},
    };
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    approve(requestId) {
      const deviceId = [...pending].find(([, id]) => id === requestId)?.[0];
      if (deviceId === undefined) throw new Error(`no pending request ${requestId}`);
      pending.delete(deviceId);
      paired.add(deviceId);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of sockets.clients) socket.terminate();
      await closed;
    },
  };
}

function isForwarded(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => FORWARDING.test(name));
}

/** Returns true if the CLI counts as local. The gateway's peer is always a loopback address here. */
function isLocal(release: SimulatedRelease, headers: IncomingHttpHeaders): boolean {
  if (holds("forwardingRefused", release)) return true;
  const hasOneOf = (...names: readonly string[]): boolean => names.some((name) => Boolean(headers[name]));
  const hasLoopbackHost = isLoopbackName(parseAuthority(headers.host ?? "")?.name ?? "");
  if (hasOneOf("x-forwarded-for", "x-real-ip")) return false;
  if (holds("hostDecidesLocality", release)) return hasLoopbackHost && !hasOneOf("x-forwarded-host");
  // OpenClaw 2026.4 `isCliContainerLocalEquivalent`: with a loopback Host these headers do not count.
  return hasLoopbackHost || !hasOneOf("forwarded", "x-forwarded-proto", "x-forwarded-host");
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function send(socket: WebSocket, frame: unknown): void {
  socket.send(JSON.stringify(frame));
}
