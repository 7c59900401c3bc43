import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { LIMIT } from "./contract/credentials.ts";
import { SCENARIOS } from "./contract/scenarios.ts";
import { openTarget } from "./contract/target.ts";
import type { Target } from "./contract/target.ts";
import { randomToken, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import type { Release } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";
import type { ShimProcess } from "./shim-process.ts";

/** The scenario, the outcome, the gateway's `details.code`, and the fix. */
const REFUSALS = [
  ["no token", "unauthorized", "AUTH_TOKEN_MISSING", /give the client the gateway's token, .*: OPENCLAW_/],
  [
    "a wrong token",
    "unauthorized",
    "AUTH_TOKEN_MISMATCH",
    /^compare .*OPENCLAW_GATEWAY_TOKEN .*gateway\.auth\.t/,
  ],
  ["a stale signature", "device-invalid", "DEVICE_AUTH_SIGNATURE_EXPIRED", /set this machine's clock right/],
  [
    "a foreign page that claims to be the Control UI",
    "origin-rejected",
    "CONTROL_UI_ORIGIN_NOT_ALLOWED",
    /start openclaw-shim with --allow-origin ORIGIN, or .*controlUi\.allowedOrigins/,
  ],
  [
    "a future protocol version",
    "protocol-mismatch",
    "PROTOCOL_MISMATCH",
    /update the older of client and gateway \(`openclaw --version`\)/,
  ],
  // Last, because it locks the client out.
  [
    "more wrong tokens than the gateway allows",
    "rate-limited",
    "AUTH_RATE_LIMITED",
    /fix the client's token, then retry in (?:a few minutes|\d+ s): too many attempts failed$/,
  ],
] as const satisfies readonly (readonly [name: keyof typeof SCENARIOS, ...unknown[]])[];

function reasonOf(code: string, { detailCodes }: Release): string {
  const hasCode = detailCodes === "all" || (detailCodes !== "none" && code !== "PROTOCOL_MISMATCH");
  return hasCode ? code : "INVALID_REQUEST";
}

describe.each(chosenVersions())("the outcome of a refusal by openclaw %s", (version) => {
  let gateway: Gateway;
  let shim: ShimProcess;
  let target: Target;
  beforeAll(async () => {
    const token = randomToken();
    const rateLimit = { maxAttempts: LIMIT, exemptLoopback: false };
    const config = { auth: { mode: "token", token, rateLimit } };
    gateway = await startGateway(await installOpenClaw(version), { token, config });
    shim = await startShimProcess(gateway.url);
    target = await openTarget(gateway, shim);
  });
  afterAll(async () => {
    await shim?.close();
    await gateway?.close();
  });

  it("a device's wrong token", async () => {
    // 2026.2 has no `auth.deviceToken`: its clients send a device token as the gateway token.
    const isOld = gateway.openclaw.release.detailCodes === "none";
    await SCENARIOS[isOld ? "a wrong device token as the gateway's" : "a wrong device token"]?.(target);

    const [paired, refused] = await target.outcomes();

    expect(paired).toMatchObject({ outcome: "connected" });
    expect(refused).toMatchObject({
      outcome: "unauthorized",
      reason: reasonOf("AUTH_DEVICE_TOKEN_MISMATCH", gateway.openclaw.release),
      close: { code: 1008, reason: "unauthorized: device token mismatch (rotate/reissue device token)" },
    });
    expect(refused?.fix).toMatch(
      isOld
        ? /compare the client's OPENCLAW_GATEWAY_TOKEN with gateway\.auth\.token/
        : /connect once with the gateway's token/,
    );
  });

  it.each(REFUSALS)("%s: %s", async (name, outcome, code, fix) => {
    await SCENARIOS[name]?.(target);

    const last = (await target.outcomes()).at(-1);

    const closeCode = outcome === "protocol-mismatch" ? 1002 : 1008;
    expect(last).toMatchObject({ outcome, close: { code: closeCode } });
    expect(last).toMatchObject({ reason: reasonOf(code, gateway.openclaw.release) });
    expect(last?.fix).toMatch(fix);
  });

  it("a rebinding page, with its own name in Host and Origin: denied by the shim", async () => {
    const result = await target.connect({
      device: createDevice(),
      origin: `http://evil.example:${shim.port}`,
      headers: { Host: `evil.example:${shim.port}` },
    });

    expect(result).toMatchObject({ ok: false, http: { status: 421 } });
    expect(await target.outcomes()).toMatchObject([{ outcome: "denied", http: { status: 421 } }]);
  });

  it("never has a token in the log", async () => {
    expect(shim.log.join("\n")).not.toContain(gateway.token);
    expect(shim.log.join("\n")).not.toContain("not-the-gateways-token");
  });
});
