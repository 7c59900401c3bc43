import { describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import {
  connectThrough,
  outcomeLineOf,
  startFakeGatewayWithShim,
  startRefusingGateway,
} from "../support/gateways.ts";
import { openShimFor } from "../support/shim.ts";

/** The gateway's `error`, the outcome, its reason, and text in its fix. */
const CODES = [
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISSING" } },
    "unauthorized",
    "AUTH_TOKEN_MISSING",
    "OPENCLAW_GATEWAY_TOKEN",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_TOKEN_MISMATCH" } },
    "unauthorized",
    "AUTH_TOKEN_MISMATCH",
    "gateway.auth.token",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_PASSWORD_MISMATCH" } },
    "unauthorized",
    "AUTH_PASSWORD_MISMATCH",
    "OPENCLAW_GATEWAY_PASSWORD",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_DEVICE_TOKEN_MISMATCH" } },
    "unauthorized",
    "AUTH_DEVICE_TOKEN_MISMATCH",
    "connect once with the gateway's token",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_BOOTSTRAP_TOKEN_INVALID" } },
    "unauthorized",
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "openclaw qr",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_SCOPE_MISMATCH" } },
    "unauthorized",
    "AUTH_SCOPE_MISMATCH",
    "gateway.auth.token",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "AUTH_RATE_LIMITED" }, retryAfterMs: 59_001 },
    "rate-limited",
    "AUTH_RATE_LIMITED",
    "60 s",
  ],
  [
    { code: "NOT_PAIRED", details: { code: "DEVICE_IDENTITY_REQUIRED" } },
    "device-required",
    "DEVICE_IDENTITY_REQUIRED",
    "device identity",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" } },
    "device-required",
    "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
    "https",
  ],
  [
    { code: "NOT_PAIRED", message: "device identity required" },
    "device-required",
    "NOT_PAIRED",
    "device identity",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "DEVICE_AUTH_SIGNATURE_EXPIRED" } },
    "device-invalid",
    "DEVICE_AUTH_SIGNATURE_EXPIRED",
    "clock",
  ],
  [
    { code: "INVALID_REQUEST", message: "device signature expired" },
    "device-invalid",
    "INVALID_REQUEST",
    "clock",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED" } },
    "origin-rejected",
    "CONTROL_UI_ORIGIN_NOT_ALLOWED",
    "--allow-origin",
  ],
  [
    { code: "INVALID_REQUEST", details: { code: "PROTOCOL_MISMATCH" } },
    "protocol-mismatch",
    "PROTOCOL_MISMATCH",
    "openclaw --version",
  ],
  [
    { code: "UNAVAILABLE", details: { code: "CONTROL_UI_BUILD_MISMATCH" } },
    "protocol-mismatch",
    "CONTROL_UI_BUILD_MISMATCH",
    "reload",
  ],
  [
    {
      code: "UNAVAILABLE",
      message: "protocol mismatch: Control UI updated; reload this page to continue",
      details: { code: "PROTOCOL_MISMATCH", reloadRequired: true },
    },
    "protocol-mismatch",
    "PROTOCOL_MISMATCH",
    "reload the page",
  ],
  [
    { code: "INVALID_REQUEST", message: "unauthorized: gateway token missing (set gateway.remote.token)" },
    "unauthorized",
    "INVALID_REQUEST",
    "give the client the gateway's token",
  ],
  [
    { code: "INVALID_REQUEST", message: "unauthorized: device token mismatch (rotate/reissue device token)" },
    "unauthorized",
    "INVALID_REQUEST",
    "OPENCLAW_GATEWAY_TOKEN",
  ],
  [
    {
      code: "INVALID_REQUEST",
      message: "invalid connect params: at /auth: unexpected property 'deviceToken'",
    },
    "gateway-closed",
    "INVALID_REQUEST",
    "openclaw --version",
  ],
  [
    { code: "UNAVAILABLE", details: { reason: "startup-sidecars" }, retryAfterMs: 500 },
    "gateway-starting",
    "startup-sidecars",
    "1 s",
  ],
  [{ code: "INTERNAL", message: "boom" }, "gateway-closed", "INTERNAL", "openclaw logs"],
] as const;

describe("a connect request that the gateway refuses", () => {
  it.each(CODES)("with %j has the outcome %s", async (error, name, reason, advice) => {
    const shim = await openShimFor(await startRefusingGateway(error));
    const device = createDevice();
    await connectThrough(shim, { device });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: name, reason, deviceId: device.id, close: { code: 1008 } });
    expect(outcome.fix).toContain(advice);
    expect(outcomeLineOf(shim, outcome.conn)).toMatchObject({ level: "warn", msg: "pairing outcome" });
  });

  it("is reported with the refusal when the gateway closes with 1000", async () => {
    const shim = await openShimFor(await startRefusingGateway({ code: "NOT_PAIRED" }, { code: 1000 }));
    await connectThrough(shim);
    expect(await shim.outcome()).toMatchObject({
      outcome: "pairing-required",
      close: { code: 1000, reason: "" },
    });
  });
});

describe("a refusal of the fake gateway has the outcome", () => {
  it.each([
    ["unauthorized", { token: "wrong" }],
    [
      "device-invalid",
      { amend: (params: Record<string, unknown>) => ({ ...params, scopes: ["operator.admin"] }) },
    ],
    ["origin-rejected", { origin: "https://evil.example" }],
    ["protocol-mismatch", { protocol: { min: 1, max: 2 } }],
  ] as const)("%s", async (name, options) => {
    const { shim } = await startFakeGatewayWithShim();
    await connectThrough(shim, options);
    expect(await shim.outcome()).toMatchObject({ outcome: name });
  });

  it("device-required", async () => {
    const { shim } = await startFakeGatewayWithShim();
    await handshake({ url: `ws://${shim.authority}` });
    expect(await shim.outcome()).toMatchObject({ outcome: "device-required" });
  });

  it("gateway-starting, then connected", async () => {
    const { shim, fakeGateway } = await startFakeGatewayWithShim({ starting: true });
    await connectThrough(shim);
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-starting", close: { code: 1013 } });
    fakeGateway.setStarting(false);
    await connectThrough(shim);
    expect(await shim.outcome(1)).toMatchObject({ outcome: "connected" });
  });
});
