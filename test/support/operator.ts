import { createDevice } from "../../src/openclaw/device.ts";
import { handshake } from "./client.ts";
import type { GatewaySession } from "../../src/openclaw/gateway-session.ts";
import { OPERATOR_SCOPES } from "../../src/openclaw/scopes.ts";

/**
 * Connects to a gateway over clean loopback as the operator that lists and approves pending requests.
 * @returns the session; close it after use.
 * @throws Error with the result if the gateway refuses it.
 */
export async function connectOperator(url: string, token: string): Promise<GatewaySession> {
  const result = await handshake({
    url,
    token,
    device: createDevice(),
    client: { id: "gateway-client", mode: "backend" },
    scopes: OPERATOR_SCOPES,
    keepOpen: true,
  });
  if (result.ok && result.session) return result.session;
  throw new Error(`no operator connection: ${JSON.stringify(result)}`);
}
