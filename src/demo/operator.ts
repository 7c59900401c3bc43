import { createDevice } from "../pairing/device.ts";
import { handshake } from "../client/handshake.ts";
import type { GatewaySession } from "../client/session.ts";

/** What an operator needs for approving every device (gateway.md section 2). */
const SCOPES = [
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.read",
  "operator.write",
];

/**
 * Connects to a gateway over clean loopback as the operator that lists and approves pending requests.
 * @returns the session, which the caller closes.
 * @throws Error with what the gateway answered instead.
 */
export async function connectOperator(url: string, token: string): Promise<GatewaySession> {
  const result = await handshake({
    url,
    token,
    device: createDevice(),
    client: { id: "gateway-client", mode: "backend" },
    scopes: SCOPES,
    keepOpen: true,
  });
  if (result.ok && result.session) return result.session;
  throw new Error(`no operator connection: ${JSON.stringify(result)}`);
}
