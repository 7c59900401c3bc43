import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { startGateway } from "../gateway/gateway.ts";
import { installOpenClaw } from "../gateway/openclaw.ts";
import { chosenVersions } from "../gateway/releases.ts";
import { handshake } from "../support/client.ts";
import { TOKEN } from "../support/gateways.ts";
import { startShim } from "./shim.ts";

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { "X-Forwarded-For": "203.0.113.7" },
  { "X-Forwarded-For": "" },
  { "X-Forwarded-Port": "443" },
  { X_Forwarded_For: "203.0.113.7" },
  { "X-Real-IP": "203.0.113.7", "X-Forwarded-Proto": "https" },
  { Forwarded: "for=203.0.113.7" },
  { Host: "sb.vercel.run" },
  { "Tailscale-User-Login": "user@example.com" },
];

const CLIENTS = [
  { id: "cli", mode: "cli" },
  { id: "gateway-client", mode: "backend" },
];

/** Connects each client once with each row of headers, each time as a new device. Returns what was refused. */
async function refused(url: string, token: string) {
  const rows: object[] = [];
  for (const client of CLIENTS) {
    for (const headers of HEADERS) {
      const { ok } = await handshake({ url, token, client, device: createDevice(), headers });
      if (!ok) rows.push({ client: client.id, ...headers });
    }
  }
  return rows;
}

describe("a shim on Windows makes clients local, whatever headers they bring", () => {
  it.each(["2026.2.19", "2026.9.6"] as const)("at a fake gateway of %s", async (release) => {
    const gateway = await startFakeGateway({ release, token: TOKEN });
    onTestFinished(() => gateway.close());
    const shim = await startShim(`ws://127.0.0.1:${gateway.port}`);
    expect(await refused(`ws://127.0.0.1:${shim.port}`, TOKEN)).toEqual([]);
  });

  const versions = process.env["OPENCLAW_VERSIONS"] ? chosenVersions() : ["2026.2.19", "2026.9.6"];

  it.each(versions)("at a real gateway of %s on Linux", { timeout: 600_000 }, async (version) => {
    const gateway = await startGateway(await installOpenClaw(version));
    onTestFinished(() => gateway.close());
    const without = await refused(gateway.url, gateway.token);
    for (const { id } of CLIENTS)
      expect(without).toContainEqual({ client: id, "X-Forwarded-For": "203.0.113.7" });
    const shim = await startShim(gateway.url);
    expect(await refused(`ws://127.0.0.1:${shim.port}`, gateway.token)).toEqual([]);
  });
});
