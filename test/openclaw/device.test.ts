import { createHash } from "node:crypto";
import { array, assert, base64String, integer, pre, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  connectPayload,
  createDevice,
  deviceFromPem,
  deviceIdOf,
  signConnect,
  verifyConnect,
} from "../../src/openclaw/device.ts";
import type { ConnectPayload } from "../../src/openclaw/device.ts";

const device = createDevice();
const payload: ConnectPayload = {
  deviceId: device.id,
  clientId: "cli",
  clientMode: "cli",
  role: "operator",
  scopes: ["operator.read", "operator.write"],
  signedAt: 1737264000000,
  token: "t",
  nonce: "n",
  platform: " LinuX ",
  deviceFamily: undefined,
};

describe("a device identity", () => {
  it("is named by the SHA-256 of its raw public key", () => {
    const raw = Buffer.from(device.publicKey, "base64url");
    expect(raw).toHaveLength(32);
    expect(device.id).toBe(createHash("sha256").update(raw).digest("hex"));
    expect(createDevice().id).not.toBe(device.id);
  });

  it("is read from its PEM", () => {
    const pem = device.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    expect(deviceFromPem(pem)).toMatchObject({ id: device.id, publicKey: device.publicKey });
  });

  it("does not contain its private key when it is printed", () => {
    const { d } = device.privateKey.export({ format: "jwk" });
    expect(d).toHaveLength(43);
    expect(JSON.stringify(device)).not.toContain(d);
  });

  it.each(["", "not a PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])(
    "is not read from %j",
    (pem) => {
      expect(() => deviceFromPem(pem)).toThrow("not a PEM private key");
    },
  );

  it.each(["", "abc", "!".repeat(43), Buffer.alloc(31).toString("base64url")])(
    "has no id for the key %j",
    (key) => {
      expect(deviceIdOf(key)).toBeUndefined();
      expect(verifyConnect(key, "AA", payload)).toBeUndefined();
    },
  );
});

describe("the signature of a connect", () => {
  it("is over the fields as docs/gateway.md section 3 has them", () => {
    const v2 = `v2|${device.id}|cli|cli|operator|operator.read,operator.write|1737264000000|t|n`;
    expect(connectPayload("v2", payload)).toBe(v2);
    expect(connectPayload("v3", payload)).toBe(`${v2.replace("v2", "v3")}|linux|`);
    expect(connectPayload("v2", { ...payload, token: undefined })).toContain("|1737264000000||n");
  });

  it("is verified for the version that it was made for", () => {
    expect(verifyConnect(device.publicKey, signConnect(device, "v2", payload), payload)).toBe("v2");
    expect(verifyConnect(device.publicKey, signConnect(device, "v3", payload), payload)).toBe("v3");
    expect(
      verifyConnect(device.publicKey, signConnect(device, "v3", payload), payload, ["v2"]),
    ).toBeUndefined();
  });

  it("holds for no other field, key or signature", () => {
    const signature = signConnect(device, "v3", payload);
    expect(verifyConnect(createDevice().publicKey, signature, payload)).toBeUndefined();
    const changed = record(
      {
        clientId: string(),
        clientMode: string(),
        role: string(),
        scopes: array(string()),
        signedAt: integer(),
        token: string(),
        nonce: string(),
        deviceFamily: string(),
      },
      { requiredKeys: [] },
    );
    assert(
      property(changed, (change) => {
        const other = { ...payload, ...change };
        pre(connectPayload("v3", other) !== connectPayload("v3", payload));
        expect(verifyConnect(device.publicKey, signature, other)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
    assert(
      property(base64String(), (junk) => {
        expect(verifyConnect(device.publicKey, junk, payload)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
