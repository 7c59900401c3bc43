import type { Settings } from "../../src/settings/settings.ts";

/** Returns the default settings for a gateway on `gatewayPort`, with a free listen port and no waiting times. */
export function testSettings(gatewayPort: number): Settings {
  return {
    listen: [{ host: "127.0.0.1", port: 0 }],
    gateway: {
      url: `ws://127.0.0.1:${gatewayPort}`,
      host: "127.0.0.1",
      port: gatewayPort,
      tls: false,
      authority: `127.0.0.1:${gatewayPort}`,
      origin: `http://127.0.0.1:${gatewayPort}`,
    },
    allowFrom: [],
    allowHost: [],
    allowOrigin: [],
    forwarded: "strip",
    strip: [],
    maxScopes: [],
    hold: 0,
    drain: 0,
    maxConnections: 512,
    tokenFile: undefined,
    approve: "off",
    approveScopes: [],
    approveRoles: [],
    metricsListen: undefined,
    logLevel: "info",
    logFormat: "json",
  };
}
