import { afterEach, describe, expect, it } from "vitest";
import { handshake, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway, FakeGatewayOptions } from "./server.ts";
import { isRecord } from "../../src/text/json.ts";

let gateway: FakeGateway | undefined;
afterEach(() => gateway?.close());

async function start(options: Partial<FakeGatewayOptions> = {}): Promise<string> {
  gateway = await startFakeGateway({ release: "2026.9.6", token: "right", ...options });
  return gateway.url;
}

function deviceTokenOf(result: HandshakeResult): string {
  const auth = result.ok ? result.hello["auth"] : undefined;
  const token = isRecord(auth) ? auth["deviceToken"] : undefined;
  if (typeof token !== "string") throw new Error(`no device token: ${JSON.stringify(result)}`);
  return token;
}

function refused(code: string, canRetryWithDeviceToken = false): object {
  return {
    error: { code: "INVALID_REQUEST", details: { code, canRetryWithDeviceToken } },
    close: { code: 1008, reason: expect.stringMatching(/^unauthorized: /) },
  };
}

describe("the shared token", () => {
  it("is required", async () => {
    const url = await start();
    expect(await handshake({ url, device: createDevice() })).toMatchObject(refused("AUTH_TOKEN_MISSING"));
    expect(await handshake({ url })).toMatchObject({
      error: { details: { code: "DEVICE_IDENTITY_REQUIRED" } },
    });
  });

  it("is refused if it is wrong", async () => {
    const url = await start();
    expect(await handshake({ url, token: "wrong" })).toMatchObject(refused("AUTH_TOKEN_MISMATCH"));
    const withDevice = await handshake({ url, token: "wrong", device: createDevice() });
    expect(withDevice).toMatchObject(refused("AUTH_TOKEN_MISMATCH", true));
  });

  it("is refused without details by 2026.2.19", async () => {
    const url = await start({ release: "2026.2.19" });
    const result = await handshake({ url, token: "wrong" });
    expect(result).toMatchObject({
      error: {
        message:
          "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
      },
    });
    expect(result.ok || result.error?.details).toBeUndefined();
  });
});

describe("a device token", () => {
  it("is issued in hello-ok and is valid for its own device only", async () => {
    const url = await start();
    const device = createDevice();
    const deviceToken = deviceTokenOf(await handshake({ url, token: "right", device }));
    expect(await handshake({ url, device, deviceToken })).toMatchObject({ ok: true });
    expect(await handshake({ url, device, token: deviceToken })).toMatchObject({ ok: true });
    const other = await handshake({ url, device: createDevice(), deviceToken });
    expect(other).toMatchObject(refused("AUTH_DEVICE_TOKEN_MISMATCH"));
  });

  it("is refused for scopes that it does not cover", async () => {
    const url = await start();
    const device = createDevice();
    const deviceToken = deviceTokenOf(await handshake({ url, token: "right", device }));
    const result = await handshake({ url, device, deviceToken, scopes: ["operator.admin"] });
    expect(result).toMatchObject(refused("AUTH_SCOPE_MISMATCH"));
  });
});

describe("wrong tokens", () => {
  const page = {
    token: "wrong",
    origin: "http://127.0.0.1:1",
    client: { id: "openclaw-control-ui", mode: "webchat" },
  };

  it("lock out a page, but not a direct client", async () => {
    const url = await start({ rateLimit: { maxAttempts: 2 } });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await handshake({ url, token: "wrong", device: createDevice() })).toMatchObject(
        refused("AUTH_TOKEN_MISMATCH", true),
      );
    }
    for (let attempt = 0; attempt < 2; attempt += 1)
      await handshake({ url, ...page, device: createDevice() });
    const locked = await handshake({ url, ...page, token: "right", device: createDevice() });
    expect(locked).toMatchObject(refused("AUTH_RATE_LIMITED"));
    expect(locked).toMatchObject({ error: { retryable: true, retryAfterMs: expect.any(Number) } });
    expect(await handshake({ url, token: "right", device: createDevice() })).toMatchObject({ ok: true });
  });

  it("lock out an address that a trusted proxy names", async () => {
    const url = await start({ trustedProxies: ["127.0.0.1"], rateLimit: { maxAttempts: 1 } });
    const headers = { "X-Forwarded-For": "203.0.113.7" };
    await handshake({ url, token: "wrong", headers });
    expect(await handshake({ url, token: "right", headers })).toMatchObject(refused("AUTH_RATE_LIMITED"));
    const other = await handshake({ url, token: "right", headers: { "X-Forwarded-For": "203.0.113.8" } });
    expect(other).toMatchObject({ ok: true });
  });
});
