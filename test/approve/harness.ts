import { onTestFinished } from "vitest";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import type { FakeRelease } from "../fake-gateway/behaviors.ts";
import { startFakeGateway, type FakeGateway, type FakeGatewayOptions } from "../fake-gateway/server.ts";
import { Secret } from "../../src/openclaw/token.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";

export const FIVE_SCOPES = [
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.read",
  "operator.write",
];

/** A gateway of one release, and a shim that approves at it. */
export interface ApproveBench {
  readonly gateway: FakeGateway;
  readonly shim: TestShim;
  /** Connects straight to the gateway. */
  readonly direct: (options: Partial<HandshakeOptions>) => Promise<HandshakeResult>;
  /** Connects through the shim. */
  readonly through: (options: Partial<HandshakeOptions>) => Promise<HandshakeResult>;
  /** Resolves with the first log line of that event, or the one number `index`. */
  readonly logged: (event: string, index?: number) => Promise<Record<string, unknown>>;
}

/** Starts both; the shim's operator connection is up when it resolves. */
export async function startApproveBench(
  release: FakeRelease,
  overrides: Partial<Settings> = {},
  gatewayOptions: Partial<FakeGatewayOptions> = {},
): Promise<ApproveBench> {
  const gateway = await startFakeGateway({ release, token: "t", ...gatewayOptions });
  onTestFinished(() => gateway.close());
  const shim = await openTestShim(
    gateway.port,
    { approve: "seen", approveScopes: FIVE_SCOPES, approveRoles: ["operator"], ...overrides },
    { operator: { token: new Secret("t") } },
  );
  onTestFinished(() => shim.close());
  const bench: ApproveBench = {
    gateway,
    shim,
    direct: (options) => handshake({ url: gateway.url, token: "t", ...options }),
    through: (options) => handshake({ url: `ws://${shim.authority}`, token: "t", ...options }),
    logged: (event, index = 0) => shim.logged(event, index),
  };
  if (overrides.approve !== "off") await bench.logged("approver.up");
  return bench;
}
