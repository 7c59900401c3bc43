import { randomBytes } from "node:crypto";
import { silentLogger } from "../../log/logger.ts";
import { handshake, type HandshakeResult } from "../../openclaw/connect.ts";
import type { Device } from "../../openclaw/device.ts";
import type { Outcome } from "../../outcome/outcome.ts";
import { resolveOptions } from "../../settings/load.ts";
import { openShim, type Shim } from "../../shim.ts";
import { startInjectingProxy, type InjectingProxy } from "./header-injecting-proxy.ts";
import { startSimulatedGateway, type SimulatedRelease } from "./simulated-gateway.ts";

/** The Host that the infrastructure sets. */
export const PUBLIC_HOST = "sandbox.example.com";
const TIMEOUT_MS = 1500;

/** A client's result, and the outcome that the shim reported for it. */
export interface Attempt {
  readonly result: HandshakeResult;
  readonly outcome: Outcome;
}

/** A MicroVM in this process: a gateway, the shim beside it, and infrastructure in front of both. */
export interface Sandbox {
  /** Connects the CLI through the infrastructure to the gateway. */
  connectWithoutShim(device: Device): Promise<HandshakeResult>;
  /** Connects the CLI through the infrastructure to the shim. @throws Error if the shim reports no outcome. */
  connectThroughShim(device: Device): Promise<Attempt>;
  /** Does what `openclaw devices approve REQUEST_ID` does. @throws Error if no such request is pending. */
  approve(requestId: string): void;
  close(): Promise<void>;
}

/** Opens a sandbox with a gateway that knows no device. @throws the system's error if no port is free. */
export async function openSandbox(release: SimulatedRelease): Promise<Sandbox> {
  const token = randomBytes(16).toString("hex");
  const gateway = await startSimulatedGateway(release, token);
  const settings = resolveOptions({
    gateway: `ws://127.0.0.1:${gateway.port}`,
    listen: "127.0.0.1:0",
    drain: 0,
  });
  const shim = await openShim(settings, silentLogger());
  const shimPort = Number(new URL(`ws://${shim.addresses[0]}`).port);
  const [toGateway, toShim] = await Promise.all([gateway.port, shimPort].map(startInfrastructure));
  const connect = (proxy: InjectingProxy | undefined, device: Device): Promise<HandshakeResult> =>
    handshake({ url: proxy?.url ?? "", token, device, timeoutMs: TIMEOUT_MS });
  return {
    connectWithoutShim: (device) => connect(toGateway, device),
    async connectThroughShim(device) {
      const [outcome, result] = await Promise.all([nextOutcome(shim), connect(toShim, device)]);
      return { result, outcome };
    },
    approve: (requestId) => gateway.approve(requestId),
    async close() {
      await Promise.all([toGateway?.close(), toShim?.close()]);
      await shim.close();
      await gateway.close();
    },
  };
}

function startInfrastructure(port: number): Promise<InjectingProxy> {
  return startInjectingProxy({ target: { host: "127.0.0.1", port }, host: PUBLIC_HOST });
}

function nextOutcome(shim: Shim): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(
      () => reject(new Error(`the shim reported no outcome within ${2 * TIMEOUT_MS} ms`)),
      2 * TIMEOUT_MS,
    );
    shim.on("outcome", (outcome) => {
      clearTimeout(deadline);
      resolve(outcome);
    });
  });
}
