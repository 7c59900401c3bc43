import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { Settings } from "../../src/settings/settings.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";
import { startFakeGateway, type FakeGateway } from "../fake-gateway/server.ts";

/** Creates a self-signed certificate, as a gateway with `gateway.tls` does. */
function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "shim-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...curve, "-nodes", "-days", "2", ...names, "-keyout", key, "-out", cert],
    {
      stdio: "ignore",
    },
  );
  const files = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  rmSync(folder, { recursive: true });
  return files;
}

describe("a gateway with a self-signed certificate", () => {
  let fakeGateway: FakeGateway;
  let fingerprint: string;

  beforeAll(async () => {
    const tls = selfSigned();
    fingerprint = new X509Certificate(tls.cert).fingerprint256.replaceAll(":", "").toLowerCase();
    fakeGateway = await startFakeGateway({ release: "2026.9.6", token: "t", tls });
  });
  afterAll(() => fakeGateway.close());

  async function openFor(
    pin: string | undefined,
    holdMs = 0,
    maxScopes: Settings["maxScopes"] = [],
  ): Promise<TestShim> {
    const { gateway } = testSettings(fakeGateway.port);
    const authority = `127.0.0.1:${fakeGateway.port}`;
    const wss = { ...gateway, url: `wss://${authority}`, tls: true, origin: `https://${authority}` };
    const shim = await openShimFor(fakeGateway, {
      hold: holdMs,
      maxScopes,
      gateway: pin === undefined ? wss : { ...wss, fingerprint: pin },
    });
    return shim;
  }

  it("is asked by TLS if it limits scopes", async () => {
    const shim = await openFor(fingerprint, 0, ["operator.read"]);
    const scopes = ["operator.admin", "operator.read"];
    const client = { url: `ws://${shim.authority}`, token: "t", device: createDevice(), scopes };
    expect(await handshake(client)).toMatchObject({
      ok: true,
      hello: { auth: { scopes: ["operator.read"] } },
    });
  });

  it("is accepted by its fingerprint, for WebSockets and HTTP", async () => {
    const shim = await openFor(fingerprint);
    const result = await handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    expect(result).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected" });
    const response = await fetch(`http://${shim.authority}/echo`, { method: "POST", body: "through TLS" });
    expect(await response.text()).toBe("through TLS");
  });

  it.each([
    ["another fingerprint", "0".repeat(64), "CERT_FINGERPRINT_MISMATCH", "its new --gateway-fingerprint"],
    ["no fingerprint", undefined, "DEPTH_ZERO_SELF_SIGNED_CERT", "with --gateway-fingerprint sha256:…"],
  ])("is refused with %s before any request is sent", async (_what, pin, reason, advice) => {
    const shim = await openFor(pin, 60_000);
    const before = fakeGateway.requests.length;
    const result = await handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    expect(result).toMatchObject({ ok: false, http: { status: 502 } });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable", reason });
    expect(outcome.fix).toContain(advice);
    const response = await fetch(`http://${shim.authority}/echo`);
    expect(response.status).toBe(502);
    expect(await response.text()).toContain(advice);
    expect(fakeGateway.requests.length).toBe(before);
  });

  it("is unreachable with ws:// in --gateway, and the fix names wss://", async () => {
    const shim = await openShimFor(fakeGateway);
    await handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable" });
    expect(outcome.fix).toContain("write wss:// in --gateway");
  });

  it("is expected with wss:// in --gateway: the fix for a gateway without TLS names ws://", async () => {
    const plain = await startFakeGateway({ release: "2026.9.6", token: "t" });
    onTestFinished(() => plain.close());
    const { gateway } = testSettings(plain.port);
    const wss = { ...gateway, url: `wss://${gateway.authority}`, tls: true, fingerprint };
    const shim = await openShimFor(plain, { gateway: wss });
    await handshake({ url: `ws://${shim.authority}`, token: "t", device: createDevice() });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable" });
    expect(outcome.fix).toContain("write ws:// in --gateway");
  });
});
