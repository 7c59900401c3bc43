import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake, type HandshakeOptions } from "../support/client.ts";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

const VERSION = "2026.9.6";
const LAN = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

/** How a stale request arises on this release (docs/gateway.md section 2). */
const FIRST_ATTEMPTS: readonly (readonly [
  what: string,
  config: Readonly<Record<string, unknown>>,
  how: (port: number) => Partial<HandshakeOptions>,
])[] = [
  [
    "trustedProxies and a public X-Forwarded-For",
    { trustedProxies: ["127.0.0.1", "::1"] },
    () => ({ headers: { "X-Forwarded-For": "203.0.113.7" } }),
  ],
  ["bind: lan and an address of the network", { bind: "lan" }, (port) => ({ url: `ws://${LAN}:${port}` })],
];

describe.runIf(chosenVersions().includes(VERSION))(`openclaw ${VERSION}, after a first attempt with`, () => {
  it.each(FIRST_ATTEMPTS)(
    "%s: the request is stale, and --approve seen repairs it",
    { timeout: 300_000 },
    async (_, config, how) => {
      if (config["bind"] !== undefined && LAN === undefined) return;
      const gateway = await startGateway(await installOpenClaw(VERSION), { config });
      onTestFinished(() => gateway.close());
      const { url, token, port } = gateway;
      const tokenFile = join(gateway.home.path, "token");
      await writeFile(tokenFile, token, { mode: 0o600 });
      const device = createDevice();

      expect(await handshake({ url, token, device, ...how(port) })).toMatchObject({ ok: false });
      expect(await handshake({ url, token, device })).toMatchObject({ ok: false });

      const shim = await startShimProcess(url, ["--approve", "seen", "--token-file", tokenFile]);
      onTestFinished(() => shim.close());
      await shim.event("approver.up");
      expect(await handshake({ url: shim.url, token, device })).toMatchObject({ ok: true });
      expect(await shim.event("rejected", device.id)).toMatchObject({ deviceId: device.id });
    },
  );
});
