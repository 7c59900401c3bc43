import { createHash } from "node:crypto";
import { array, assert, base64String, integer, pre, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createDevice,
  deviceFromPem,
  deviceIdOf,
  signConnect,
  signedText,
  verifyConnect,
} from "../../src/openclaw/device.ts";

const device = createDevice();
const NONCE = "n";
const PARAMS = {
  client: { id: "cli", mode: "cli", platform: " LinuX " },
  role: "operator",
  scopes: ["operator.read", "operator.write"],
  auth: { token: "t" },
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
      const signed = signConnect(device, PARAMS, NONCE);
      expect(verifyConnect({ ...signed, device: { ...signed.device, publicKey: key } })).toBeUndefined();
    },
  );
});

describe("the signature of a connect", () => {
  it("is over the fields as docs/gateway.md section 3 has them", () => {
    const proof = { id: device.id, signedAt: 1_737_264_000_000, nonce: NONCE };
    const params = { ...PARAMS, device: proof };
    const v2 = `v2|${device.id}|cli|cli|operator|operator.read,operator.write|1737264000000|t|n`;
    expect(signedText("v2", params)).toBe(v2);
    expect(signedText("v3", params)).toBe(`${v2.replace("v2", "v3")}|linux|`);
    expect(signedText("v2", { ...params, auth: {} })).toContain("|1737264000000||n");
  });

  it.each(["v2", "v3"] as const)("is verified for the version that it was made for: %s", (version) => {
    expect(verifyConnect(signConnect(device, PARAMS, NONCE, version))).toBe(version);
  });

  it("holds for no other field, key or signature", () => {
    const signed = signConnect(device, PARAMS, NONCE, "v3");
    const { publicKey } = createDevice();
    expect(verifyConnect({ ...signed, device: { ...signed.device, publicKey } })).toBeUndefined();
    const some = { requiredKeys: [] };
    const changed = record({
      params: record({ role: string(), scopes: array(string()) }, some),
      client: record({ id: string(), mode: string(), deviceFamily: string() }, some),
      auth: record({ token: string() }, some),
      device: record({ signedAt: integer(), nonce: string() }, some),
    });
    assert(
      property(changed, ({ params, client, auth, device: proof }) => {
        const other = {
          ...signed,
          ...params,
          client: { ...signed.client, ...client },
          auth: { ...signed.auth, ...auth },
          device: { ...signed.device, ...proof },
        };
        pre(signedText("v3", other) !== signedText("v3", signed));
        expect(verifyConnect(other)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
    assert(
      property(base64String(), (junk) => {
        expect(verifyConnect({ ...signed, device: { ...signed.device, signature: junk } })).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
