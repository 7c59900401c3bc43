import { randomBytes } from "node:crypto";
import { startShim } from "../../index.ts";
import type { Outcome, Shim } from "../../index.ts";
import type { Device } from "../../openclaw/device.ts";
import { handshake } from "../../openclaw/connect.ts";
import type { HandshakeResult } from "../../openclaw/connect.ts";
import { startInjectingProxy } from "./header-injecting-proxy.ts";
import type { InjectingProxy } from "./header-injecting-proxy.ts";
import { connectOperator } from "../../../test/support/operator.ts";
import type { FakeRelease } from "../../../test/fake-gateway/behaviors.ts";
import { startFakeGateway } from "../../../test/fake-gateway/server.ts";

/** What the infrastructure makes of Host. */
export const PUBLIC_HOST = "sandbox.example.com";
const TIMEOUT_MS = 1500;

/** What a client got, and what the shim reported of it. */
export interface Attempt {
  readonly result: HandshakeResult;
  readonly outcome: Outcome;
}

/** A MicroVM in this process: a gateway, the shim beside it, and infrastructure in front of either. */
export interface Sandbox {
  /** The CLI connects through the infrastructure to the gateway itself. */
  connectWithoutShim(device: Device): Promise<HandshakeResult>;
  /** The CLI connects through the infrastructure to the shim. @throws Error when no outcome comes. */
  connectThroughShim(device: Device): Promise<Attempt>;
  /** Does what `openclaw devices approve REQUEST_ID` does. @throws Error when the gateway does not let it. */
  approve(requestId: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a sandbox with a gateway of this release that knows no device. @throws when no port is to be had. */
export async function openSandbox(release: FakeRelease): Promise<Sandbox> {
  const token = randomBytes(16).toString("hex");
  const gateway = await startFakeGateway({ release, token });
  const shim = await startShim({ gateway: gateway.url, listen: "127.0.0.1:0", drain: 0 });
  const toGateway = await infrastructure(gateway.port);
  const toShim = await infrastructure(portOf(shim.addresses[0]));
  const connect = ({ url }: InjectingProxy, device: Device): Promise<HandshakeResult> =>
    handshake({ url, token, device, timeoutMs: TIMEOUT_MS });
  return {
    connectWithoutShim: (device) => connect(toGateway, device),
    async connectThroughShim(device) {
      const reported = nextOutcome(shim);
      const [result, outcome] = await Promise.all([connect(toShim, device), reported]);
      return { result, outcome };
    },
    async approve(requestId) {
      const operator = await connectOperator(gateway.url, token);
      await operator.request("device.pair.approve", { requestId }, TIMEOUT_MS);
      await operator.close();
    },
    async close() {
      await Promise.all([toGateway.close(), toShim.close()]);
      await shim.close();
      await gateway.close();
    },
  };
}

function infrastructure(port: number): Promise<InjectingProxy> {
  return startInjectingProxy({ target: { host: "127.0.0.1", port }, host: PUBLIC_HOST });
}

function portOf(address = ""): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function nextOutcome(shim: Shim): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const listener = (outcome: Outcome): void => {
      clearTimeout(deadline);
      shim.off("outcome", listener);
      resolve(outcome);
    };
    const deadline = setTimeout(() => {
      shim.off("outcome", listener);
      reject(new Error(`the shim reported no outcome within ${2 * TIMEOUT_MS} ms`));
    }, 2 * TIMEOUT_MS);
    shim.on("outcome", listener);
  });
}
