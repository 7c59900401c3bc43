import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomToken, type GatewayOptions } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { startPrePairedGateway, type PrePairedGateway } from "./pre-paired.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

/** What `gateway install` leaves behind for OpenClaw's own device (OpenClaw #21655). */
const INSTALLED = ["operator.admin", "operator.approvals", "operator.pairing"];
/** The method behind it asks for `operator.write`. */
const WAKE = { action: "wake", text: "wake up", mode: "next-heartbeat" };
/** `operator.read`. */
const STATUS = { action: "status" };

/**
 * How the gateway's own client, with which its tools call the gateway, is led through the shim. By itself it connects
 * to the gateway's real port, whatever `gateway.port` says: at its start the gateway sets OPENCLAW_GATEWAY_PORT for
 * itself (OpenClaw `src/gateway/server.impl.ts`).
 */
function led(version: string, url: string, token: string): Pick<GatewayOptions, "args" | "config" | "env"> {
  if (version !== "2026.2.19") return { env: { OPENCLAW_GATEWAY_URL: url, OPENCLAW_GATEWAY_TOKEN: token } };
  // It does not know that variable yet.
  return { args: ["--allow-unconfigured"], config: { mode: "remote", remote: { url, token } } };
}

describe.each(chosenVersions())("a tool inside openclaw %s, whose port the shim took over,", (version) => {
  let gateway: PrePairedGateway;
  let shim: ShimProcess;
  beforeAll(async () => {
    const shimPort = await freePort();
    const token = randomToken();
    const { config, ...how } = led(version, `ws://127.0.0.1:${shimPort}`, token);
    const scopes = INSTALLED.flatMap((scope) => ["--scope", scope]);
    gateway = await startPrePairedGateway(await installOpenClaw(version), scopes, {
      ...how,
      port: await freePort(),
      token,
      config: { port: shimPort, tools: { allow: ["cron"] }, ...config },
    });
    const tokenFile = join(gateway.home.path, "token");
    await writeFile(tokenFile, token, { mode: 0o600 });
    const args = ["--approve", "seen", "--token-file", tokenFile];
    shim = await startShimProcess(gateway.url, args, { listen: [`127.0.0.1:${shimPort}`] });
    await shim.event("approver.up");
  });
  afterAll(async () => {
    await shim?.close();
    await gateway?.close();
  });

  /** Has the gateway run its tool `cron`, which calls the gateway. */
  const cron = async (args: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${shim.port}/tools/invoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
      body: JSON.stringify({ tool: "cron", args }),
    });
    return { status: response.status, body: await response.json() };
  };
  const done = { status: 200, body: { ok: true } };
  const client = { id: "gateway-client", mode: "backend" };

  it.runIf(version === "2026.2.19")("is refused once, approved as seen, and does its work then", async () => {
    const own = { deviceId: gateway.device.id, client, scopes: ["operator.write"] };
    expect(await cron(WAKE)).toMatchObject({ status: 500 });
    expect(await shim.outcome()).toMatchObject({ ...own, outcome: "pairing-required" });

    expect(await cron(WAKE)).toMatchObject(done);
    expect(await shim.outcome(1)).toMatchObject({ ...own, outcome: "connected" });
    const { deviceId, scopes } = own;
    expect(await shim.event("approved")).toMatchObject({ deviceId, scopes });
  });

  it.runIf(["2026.3.23", "2026.4.5"].includes(version))(
    "does its work: operator.admin stands for the scope that its device lacks",
    async () => {
      const own = { deviceId: gateway.device.id, client, scopes: ["operator.write"] };
      expect(await cron(WAKE)).toMatchObject(done);
      expect(await shim.outcome()).toMatchObject({ ...own, outcome: "connected" });
    },
  );

  it.runIf(version === "2026.9.6")("reads without a device, and writes only straight", async () => {
    expect(await cron(STATUS)).toMatchObject(done);
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", client, scopes: ["operator.read"] });

    expect(await cron(WAKE)).toMatchObject({ status: 500 });
    expect(gateway.log.join("\n")).toContain("agent gateway calls require the trusted local gateway context");
  });
});
