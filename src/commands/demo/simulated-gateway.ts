import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { WebSocketServer } from "ws";
import { isLoopbackName, parseAuthority } from "../../net/authority.ts";
import { isSignedConnect } from "../../openclaw/device.ts";
import { readConnect, type GatewayError } from "../../openclaw/protocol.ts";
import { holds } from "../../openclaw/releases.ts";
import { fieldsOf, parseJson } from "../../text/json.ts";
import { portOf } from "./infrastructure.ts";

/** The releases that the demo shows, and the version of the protocol in their hello-ok. */
const PROTOCOL = { "2026.2.19": 3, "2026.4.5": 3, "2026.9.6": 4 } as const;

export type SimulatedRelease = keyof typeof PROTOCOL;

/** Where forwarding is refused, the presence of such a header counts, not its value (docs/gateway.md section 1). */
const FORWARDING =
  /^(?:forwarded|x-real-ip|x-forwarded-.*|tailscale-(?:funnel-request|headers-info|user-(?:login|name|profile-pic)))$/;

const FORWARDING_REFUSED = JSON.stringify({
  error: { message: "Proxy client attribution is required.", type: "proxy_attribution_required" },
});
const WRONG_TOKEN =
  "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";

/**
 * Starts a gateway on a free port of 127.0.0.1 that decides about CLI clients with a device as one release of OpenClaw
 * does. It knows no device yet. A test compares its decisions with those of test/fake-gateway, which simulates the
 * releases in full.
 * @throws the system's error if no port is free
 */
export async function startSimulatedGateway(release: SimulatedRelease, token: string) {
  const paired = new Set<string>();
  /** Request ids by device id. A request stays pending although its device is local later (section 2). */
  const pending = new Map<string, string>();
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: false,
    verifyClient({ req: { headers } }, done) {
      const refused =
        holds("forwardingRefused", release) && Object.keys(headers).some((name) => FORWARDING.test(name));
      done(!refused, 403, FORWARDING_REFUSED, { "Content-Type": "application/json; charset=utf-8" });
    },
  });
  server.on("connection", (socket, { headers }) => {
    const nonce = randomUUID();
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    socket.on("error", () => socket.terminate());
    socket.once("message", (frame: Buffer) => {
      const connect = readConnect(frame);
      if (!connect) return socket.close(1008, "invalid request frame");
      const { id, deviceId = "", role = "operator", scopes = [] } = connect;
      const error = refuseProof(frame, nonce) ?? refuseDevice(deviceId, isLocal(release, headers));
      if (error) {
        send({ type: "res", id, ok: false, error });
        return socket.close(1008, error.message);
      }
      const payload = {
        type: "hello-ok",
        protocol: PROTOCOL[release],
        server: { version: release, connId: randomUUID() },
        auth: { role, scopes, deviceToken: randomUUID() },
        snapshot: {},
      };
      return send({ type: "res", id, ok: true, payload });
    });
    send({ type: "event", event: "connect.challenge", payload: { nonce, ts: Date.now() } });
  });

  function refuseProof(frame: Buffer, nonce: string): GatewayError | undefined {
    const [code, { params }] = ["INVALID_REQUEST", fieldsOf(parseJson(frame.toString()))];
    if (!isSignedConnect(frame, nonce))
      return refusal(code, "device signature invalid", { code: "DEVICE_AUTH_SIGNATURE_INVALID" });
    if (fieldsOf(fieldsOf(params)["auth"])["token"] === token) return undefined;
    return refusal(code, WRONG_TOKEN, { code: "AUTH_TOKEN_MISMATCH" });
  }

  /** Pairs a local device silently, unless it has a pending request. */
  function refuseDevice(deviceId: string, local: boolean): GatewayError | undefined {
    if (local && !pending.has(deviceId)) paired.add(deviceId);
    if (paired.has(deviceId)) return undefined;
    const requestId = pending.get(deviceId) ?? randomUUID();
    pending.set(deviceId, requestId);
    const details = { code: "PAIRING_REQUIRED", reason: "not-paired" };
    return refusal("NOT_PAIRED", "pairing required", details, { requestId });
  }

  function refusal(code: string, message: string, details: object, always: object = {}): GatewayError {
    return {
      code,
      message,
      details: holds("detailsCode", release) ? { ...always, ...details } : { ...always },
    };
  }

  await once(server, "listening");
  return {
    port: portOf(server),
    /** Pairs the device of a pending request. @throws Error if no such request is pending */
    approve(requestId: string): void {
      const deviceId = [...pending.keys()].find((id) => pending.get(id) === requestId);
      if (deviceId === undefined) throw new Error(`no pending request ${requestId}`);
      pending.delete(deviceId);
      paired.add(deviceId);
    },
    close(): void {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
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
