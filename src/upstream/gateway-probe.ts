import type { ConnectFailure } from "../errors.ts";
import { httpGet } from "../net/http-get.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import { fieldsOf, parseJson } from "../text/json.ts";
import { NO_HOLD, type Dialer, type DialResult } from "./dial.ts";

/** Limit of a response in UTF-16 units: the gateway's are shorter. */
const MAX_BODY = 4 * 1024;
/** Codes of Node's HTTP parser, and of a connection that was closed in place of a response. */
const NOT_HTTP = /^HPE_|^ECONNRESET$/;

/**
 * Asks the server at the gateway's address what it is, with requests that no release logs (docs/gateway.md section 7).
 *
 * @param signal ends the probe; it is then a TIMEOUT
 * @returns undefined if it is OpenClaw's gateway, else why not
 */
export async function probeGateway(
  gateway: GatewayAddress,
  dialer: Dialer,
  signal: AbortSignal,
): Promise<ConnectFailure | undefined> {
  const headers = { Host: gateway.authority, "User-Agent": "openclaw-shim" };
  const ask = async (path: string): ReturnType<typeof httpGet> => {
    const dialled = await dialOnce(dialer, signal);
    if ("failure" in dialled) return dialled;
    // http: the dialer does the TLS.
    const options = { headers, createConnection: () => dialled.socket };
    return httpGet(`http://${gateway.authority}${path}`, options, MAX_BODY, signal);
  };

  const health = await ask("/health");
  if (health.failure === undefined) {
    const { ok, status } = fieldsOf(parseJson(health.body));
    if (ok === true && status === "live") return undefined;
    // 2026.2.19 has no such route, but this one, as all releases.
    const invoke = await ask("/tools/invoke");
    if (invoke.status === 405 && invoke.headers.allow === "POST") return undefined;
  } else if (!NOT_HTTP.test(health.failure.code)) {
    return health.failure;
  }
  // In place of closing the connection, some servers respond to bytes that are not TLS with 400.
  const mayExpectTls = !gateway.tls && (health.failure !== undefined || health.status === 400);
  if (mayExpectTls && (await speaksTls(gateway, signal)))
    return { code: "TLS_EXPECTED", message: "the server there expects TLS" };
  if (health.failure?.code === "ECONNRESET") return health.failure;
  return { code: "NOT_A_GATEWAY", message: "the server there is not OpenClaw's gateway" };
}

function dialOnce(dialer: Dialer, signal: AbortSignal): Promise<DialResult> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      cancel();
      resolve({ failure: { code: "TIMEOUT", message: "no connection in time" } });
    };
    signal.addEventListener("abort", onAbort);
    const cancel = dialer.dial(NO_HOLD, (result) => {
      signal.removeEventListener("abort", onAbort);
      resolve(result);
    });
  });
}

/** Returns true if the server completes a TLS handshake. Nothing is sent after it, so no certificate is checked. */
async function speaksTls({ host, port }: GatewayAddress, signal: AbortSignal): Promise<boolean> {
  const { connect: connectTls } = await import("node:tls");
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false });
    const settle = (speaks: boolean): void => {
      signal.removeEventListener("abort", onEnd);
      socket.destroy();
      resolve(speaks);
    };
    const onEnd = (): void => settle(false);
    signal.addEventListener("abort", onEnd);
    socket.once("secureConnect", () => settle(true));
    socket.on("error", onEnd);
    socket.on("close", onEnd);
  });
}
