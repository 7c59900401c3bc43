import type { Attempt } from "../../../src/commands/doctor/attempt.ts";
import type { Facts } from "../../../src/commands/doctor/facts.ts";
import { readToolUrl } from "../../../src/commands/doctor/tool-urls.ts";
import { testSettings } from "../../support/shim.ts";

export const GATEWAY_PORT = 18_789;

/** A connection that a gateway of that release took. */
export function connected(version: string | undefined = "2026.9.6", authMode = "token"): Attempt {
  return {
    connected: true,
    hello: { version, protocol: 4, calledAs: undefined, authMode, configPath: undefined },
  };
}

/** A connection that was refused. */
export function refused(
  outcome: Extract<Attempt, { connected: false }>["verdict"]["outcome"],
  reason?: string,
): Attempt {
  return {
    connected: false,
    verdict: { outcome, ...(reason === undefined ? {} : { reason }) },
    fix: "mend it",
  };
}

/** Facts of a place where all is well, but for the given ones. */
export function facts(given: Partial<Facts> = {}): Facts {
  const settings = {
    ...testSettings(GATEWAY_PORT),
    listen: [{ host: "127.0.0.1", port: 18_788 }],
  };
  return {
    program: "openclaw-shim",
    settings,
    openclaw: {
      shownConfigPath: "/home/u/.openclaw/openclaw.json",
      gateway: {},
      includes: false,
      ownDeviceId: undefined,
      devices: undefined,
      sqlite: false,
      bad: [],
    },
    credential: { from: "OPENCLAW_GATEWAY_TOKEN" },
    unreachable: undefined,
    gatewayIsShim: false,
    plain: connected(),
    direct: connected(),
    shim: {
      state: "running",
      address: "127.0.0.1:18788",
      version: "1.0.0",
      unreachable: undefined,
      attempt: connected(),
      elsewhere: false,
      outcomes: [],
    },
    tools: readToolUrl("OPENCLAW_GATEWAY_URL", "ws://127.0.0.1:18788", given.settings ?? settings),
    hasEnvironmentCredentials: true,
    proxyVariables: [],
    noWays: [],
    paths: [],
    devices: { pending: [], paired: [] },
    listener: { pid: 1, program: "node", name: "openclaw" },
    runtime: undefined,
    left: [],
    now: 1_800_000_000_000,
    ...given,
  };
}
