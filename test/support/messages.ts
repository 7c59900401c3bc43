/** The gateway's first message (docs/gateway.md section 3). */
export const challenge = JSON.stringify({
  type: "event",
  event: "connect.challenge",
  payload: { nonce: "nonce-of-the-gateway", ts: 1_737_264_000_000 },
});

/** Returns a client's connect request (docs/gateway.md section 3). */
export function connectRequest(params: Record<string, unknown> = {}, id = "c1"): string {
  return JSON.stringify({ type: "req", id, method: "connect", params: { role: "operator", ...params } });
}

/** Returns the gateway's refusal of a connect request. */
export function refusal(error: Record<string, unknown>, id = "c1"): string {
  return JSON.stringify({ type: "res", id, ok: false, error: { message: "", ...error } });
}

/** Returns the gateway's hello-ok response. */
export function helloOk(payload: Record<string, unknown> = {}, id = "c1"): string {
  const server = { version: "2026.9.6", connId: "x" };
  return JSON.stringify({
    type: "res",
    id,
    ok: true,
    payload: { type: "hello-ok", protocol: 4, server, ...payload },
  });
}
