import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomToken, type GatewayOptions } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { startPrePairedGateway, type PrePairedGateway } from "./pre-paired.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

/** The scopes that `gateway install` approves for OpenClaw's own device (OpenClaw #21655). */
const INSTALLED = ["operator.admin", "operator.approvals", "operator.pairing"];
/** Its method requires `operator.write`. */
const WAKE = { action: "wake", text: "wake up", mode: "next-heartbeat" };
/** Requires `operator.read`. */
const STATUS = { action: "status" };

/**
 * Returns the options that direct the gateway's internal client, which its tools use, to the shim. By default it connects
 * to the gateway's real port, not to `gateway.port`: at its start the gateway sets OPENCLAW_GATEWAY_PORT in its own
 * environment (OpenClaw `src/gateway/server.impl.ts`).
 */
function internalClientOptions(
  version: string,
  url: string,
  token: string,
): Pick<GatewayOptions, "args" | "config" | "env"> {
  if (version !== "2026.2.19") return { env: { OPENCLAW_GATEWAY_URL: url, OPENCLAW_GATEWAY_TOKEN: token } };
  // 2026.2.19 does not read that variable.
  return { args: ["--allow-unconfigured"], config: { mode: "remote", remote: { url, token } } };
}

describe.each(chosenVersions())("a tool inside openclaw %s, with the shim on gateway.port,", (version) => {
  let gateway: PrePairedGateway;
  let shim: ShimProcess;
  beforeAll(async () => {
    const shimPort = await freePort();
    const token = randomToken();
    const { config, ...internalClient } = internalClientOptions(version, `ws://127.0.0.1:${shimPort}`, token);
    const scopes = INSTALLED.flatMap((scope) => ["--scope", scope]);
    gateway = await startPrePairedGateway(await installOpenClaw(version), scopes, {
      ...internalClient,
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

  /** Invokes the gateway's tool `cron`, which connects to the gateway. */
  const cron = async (args: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${shim.port}/tools/invoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
      body: JSON.stringify({ tool: "cron", args }),
    });
    return { status: response.status, body: await response.json() };
  };
  const success = { status: 200, body: { ok: true } };
  const client = { id: "gateway-client", mode: "backend" };

  it.runIf(version === "2026.2.19")("is refused once, approved as seen, and then succeeds", async () => {
    const expected = { deviceId: gateway.device.id, client, scopes: ["operator.write"] };
    expect(await cron(WAKE)).toMatchObject({ status: 500 });
    expect(await shim.outcome()).toMatchObject({ ...expected, outcome: "pairing-required" });

    expect(await cron(WAKE)).toMatchObject(success);
    expect(await shim.outcome(1)).toMatchObject({ ...expected, outcome: "connected" });
    const { deviceId, scopes } = expected;
    expect(await shim.event("approved")).toMatchObject({ deviceId, scopes });
  });

  it.runIf(["2026.3.23", "2026.4.5"].includes(version))(
    "succeeds: operator.admin includes the scope that its device lacks",
    async () => {
      const expected = { deviceId: gateway.device.id, client, scopes: ["operator.write"] };
      expect(await cron(WAKE)).toMatchObject(success);
      expect(await shim.outcome()).toMatchObject({ ...expected, outcome: "connected" });
    },
  );

  it.runIf(version === "2026.9.6")(
    "reads without a device, and writes only on a direct connection",
    async () => {
      expect(await cron(STATUS)).toMatchObject(success);
      expect(await shim.outcome()).toMatchObject({ outcome: "connected", client, scopes: ["operator.read"] });

      expect(await cron(WAKE)).toMatchObject({ status: 500 });
      expect(gateway.log.join("\n")).toContain(
        "agent gateway calls require the trusted local gateway context",
      );
    },
  );
});
