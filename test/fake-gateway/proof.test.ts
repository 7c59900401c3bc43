import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handshake, type HandshakeOptions } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { isRecord } from "../../src/text/json.ts";
import { startFakeGateway } from "./server.ts";
import type { FakeGateway } from "./server.ts";

type Params = Record<string, unknown>;

/** Changes fields of `device` after signing. */
function device(change: (device: Params) => Params): (params: Params) => Params {
  return (params) => ({
    ...params,
    device: isRecord(params["device"]) ? change({ ...params["device"] }) : undefined,
  });
}

function onDarwin(params: Params): Params {
  const client = isRecord(params["client"]) ? params["client"] : {};
  return { ...params, client: { ...client, platform: "darwin" } };
}

const CASES: readonly { what: string; amend: (params: Params) => Params; code: string; reason: string }[] = [
  {
    what: "scopes that were not signed",
    amend: (p) => ({ ...p, scopes: ["operator.admin"] }),
    code: "SIGNATURE_INVALID",
    reason: "device-signature",
  },
  {
    what: "another role",
    amend: (p) => ({ ...p, role: "node" }),
    code: "SIGNATURE_INVALID",
    reason: "device-signature",
  },
  {
    what: "a wrong signature",
    amend: device((d) => ({ ...d, signature: "A".repeat(86) })),
    code: "SIGNATURE_INVALID",
    reason: "device-signature",
  },
  {
    what: "the key of another device",
    amend: device((d) => ({ ...d, publicKey: createDevice().publicKey })),
    code: "DEVICE_ID_MISMATCH",
    reason: "device-id-mismatch",
  },
  {
    what: "a malformed key",
    amend: device((d) => ({ ...d, publicKey: "abc" })),
    code: "DEVICE_ID_MISMATCH",
    reason: "device-id-mismatch",
  },
  {
    what: "another nonce",
    amend: device((d) => ({ ...d, nonce: "replayed" })),
    code: "NONCE_MISMATCH",
    reason: "device-nonce-mismatch",
  },
  {
    what: "a blank nonce",
    amend: device((d) => ({ ...d, nonce: " " })),
    code: "NONCE_REQUIRED",
    reason: "device-nonce-missing",
  },
  {
    what: "an old signature",
    amend: device((d) => ({ ...d, signedAt: Date.now() - 601_000 })),
    code: "SIGNATURE_EXPIRED",
    reason: "device-signature-stale",
  },
];

describe("the device proof", () => {
  let newest: FakeGateway;
  let oldest: FakeGateway;
  beforeAll(async () => {
    newest = await startFakeGateway({ release: "2026.9.6", token: "t" });
    oldest = await startFakeGateway({ release: "2026.2.19", token: "t" });
  });
  afterAll(() => Promise.all([newest.close(), oldest.close()]));

  it.each(CASES)("is refused with $what", async ({ amend, code, reason }) => {
    const options: Omit<HandshakeOptions, "url"> = { token: "t", device: createDevice(), amend };
    const now = await handshake({ url: newest.url, ...options });
    const then = await handshake({ url: oldest.url, ...options });
    expect(now).toMatchObject({
      error: { code: "INVALID_REQUEST", details: { code: `DEVICE_AUTH_${code}`, reason } },
      close: { code: 1008 },
    });
    expect(then).toMatchObject({ error: { code: "INVALID_REQUEST" }, close: { code: 1008 } });
    expect(then.ok || then.error?.details).toBeUndefined();
  });

  it("is accepted as v3 since 2026.3, if platform and family are as signed", async () => {
    const client = { platform: " LinuX ", deviceFamily: "Box" };
    const options = { token: "t", device: createDevice(), signature: "v3" as const, client };
    expect(await handshake({ url: newest.url, ...options })).toMatchObject({ ok: true });
    expect(await handshake({ url: oldest.url, ...options })).toMatchObject({
      error: { message: "device signature invalid" },
    });
    expect(await handshake({ url: newest.url, ...options, amend: onDarwin })).toMatchObject({ ok: false });
  });
});
