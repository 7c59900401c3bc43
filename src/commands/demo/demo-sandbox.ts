import { randomBytes } from "node:crypto";
import { silentLogger } from "../../log/logger.ts";
import type { Device } from "../../openclaw/device.ts";
import { openSession, type SessionResult } from "../../openclaw/gateway-session.ts";
import type { Outcome } from "../../outcome/outcome.ts";
import { resolveOptions } from "../../settings/options.ts";
import { openShim } from "../../shim.ts";
import { portOf, startInfrastructure } from "./infrastructure.ts";
import { startSimulatedGateway, type SimulatedRelease } from "./simulated-gateway.ts";

/** A client's result, and the outcome that the shim reported for it. */
export interface DemoAttempt {
  readonly result: SessionResult;
  readonly outcome: Outcome;
}

/** A MicroVM in this process: a gateway, the shim beside it, and infrastructure in front of both. */
export type Sandbox = Awaited<ReturnType<typeof openSandbox>>;

const TIMEOUT_MS = 1500;

/** Opens a sandbox with a gateway that knows no device. @throws the system's error if no port is free */
export async function openSandbox(release: SimulatedRelease) {
  const token = randomBytes(16).toString("hex");
  const gateway = await startSimulatedGateway(release, token);
  const options = { gateway: `ws://127.0.0.1:${gateway.port}`, listen: "127.0.0.1:0", drain: 0 };
  const shim = await openShim(resolveOptions(options), silentLogger());
  const toGateway = await startInfrastructure(gateway.port);
  const toShim = await startInfrastructure(Number(new URL(`ws://${shim.addresses[0]}`).port));

  async function connect(proxy: typeof toShim, device: Device): Promise<SessionResult> {
    const url = `ws://127.0.0.1:${portOf(proxy)}`;
    const result = await openSession({ url, token, device, timeoutMs: TIMEOUT_MS });
    if (result.ok) await result.session.close();
    return result;
  }

  return {
    /** Connects the CLI through the infrastructure to the gateway. */
    connectWithoutShim: (device: Device) => connect(toGateway, device),
    /** Connects the CLI through the infrastructure to the shim. */
    async connectThroughShim(device: Device): Promise<DemoAttempt> {
      const outcome = new Promise<Outcome>((resolve) => shim.on("outcome", resolve));
      return { result: await connect(toShim, device), outcome: await outcome };
    },
    /** Does what `openclaw devices approve REQUEST_ID` does. @throws Error if no such request is pending */
    approve: (requestId: string) => gateway.approve(requestId),
    async close(): Promise<void> {
      toGateway.close();
      toShim.close();
      await shim.close();
      gateway.close();
    },
  };
}
