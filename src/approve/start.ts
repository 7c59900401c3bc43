import type { Logger } from "pino";
import { GatewayAgent } from "../upstream/gateway-agent.ts";
import type { Dialer } from "../upstream/dial.ts";
import type { Secret } from "../openclaw/token.ts";
import type { Settings } from "../settings/settings.ts";
import { createApprover, type Approver } from "./approver.ts";
import { loadIdentity } from "./approver-identity.ts";
import { OperatorLink } from "./operator-link.ts";

/** Who the shim is to the gateway when it approves. */
export interface OperatorResources {
  /** The gateway's token; none for a gateway without. */
  readonly token?: Secret | undefined;
  /** Where the shim keeps its device identity; without it the gateway meets a new device at every start. */
  readonly stateDirectory?: string | undefined;
}

/**
 * Starts the approver of one shim.
 *
 * @throws Error where the kept identity cannot be used
 */
export async function startApprover(
  settings: Settings,
  logger: Logger,
  dialer: Dialer,
  { token, stateDirectory }: OperatorResources,
): Promise<Approver> {
  const { device, why } = await loadIdentity(stateDirectory);
  if (why !== undefined) logger.warn({ event: "approver.identity", reason: why }, "identity is not kept");
  const link = new OperatorLink({
    // The agent's dialer does the TLS, so the URL is the plain one.
    url: `ws://${settings.gateway.authority}`,
    agent: new GatewayAgent(dialer),
    device,
    token,
  });
  const bounds = { roles: settings.approveRoles, scopes: settings.approveScopes };
  return createApprover(link, bounds, logger);
}
