import { X509Certificate } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { TEST_CERTIFICATE } from "../../support/certificate.ts";
import { handshake } from "../../support/client.ts";
import { createDevice } from "../../../src/openclaw/device.ts";
import { Secret } from "../../../src/openclaw/token.ts";
import { openTestShim } from "../../support/shim.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

const FIVE_SCOPES = ["admin", "approvals", "pairing", "read", "write"].map((name) => `operator.${name}`);

describe("doctor, at a gateway that refuses a clean local connection,", () => {
  it.each(["2026.2.19", "2026.3.23"] as const)("finds the trap of trustedProxies (%s)", async (release) => {
    const trustedProxies = ["10.0.0.0/8", "127.0.0.0/8"];
    const gateway = await startTestGateway({ release, trustedProxies });

    const env = { HOME: makeHome(sectionOf(gateway, { trustedProxies })) };
    const runs = [await runDoctor([], env), await runDoctor([], env), await runDoctor([], env)];

    for (const run of runs) {
      expect(run).toMatchObject({ code: 1, local: false, left: [] });
      expect(toFix(run)).toEqual(["direct", "trustedProxies"]);
      expect(run.of("direct")[0]?.fix).toContain("trustedProxies");
      expect(run.of("trustedProxies")[0]?.finding).toContain("covers loopback (127.0.0.0/8)");
      expect(run.findings).toEqual(runs[0]?.findings);
    }
    expect([gateway.pairing.pending, gateway.pairing.paired]).toEqual([[], []]);
  });

  it.each(["2026.2.19", "2026.3.23"] as const)("sees the same without its config (%s)", async (release) => {
    const gateway = await startTestGateway({ release, trustedProxies: ["127.0.0.1"] });

    const run = await runDoctor(["--gateway", gateway.url], { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(run.of("direct")[0]?.finding).toMatch(/^not local: .*a remote one$/);
    expect(gateway.pairing.pending).toEqual([]);
  });

  it("tries no device whose request might stay, and offers a flag (2026.2.19 with TLS)", async () => {
    const gateway = await startTestGateway({ release: "2026.2.19", tls: TEST_CERTIFICATE });
    const pin = new X509Certificate(TEST_CERTIFICATE.cert).fingerprint256;
    const args = ["--gateway", gateway.url, "--gateway-fingerprint", `sha256:${pin}`];
    const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN };

    const run = await runDoctor(args, env);
    expect(run).toMatchObject({ local: false, left: [] });
    expect(run.of("direct", "unknown")[0]?.finding).toContain("no new device was tried");
    expect(run.of("direct", "unknown")[0]?.fix).toContain("--test-device");
    expect([gateway.pairing.pending, gateway.pairing.paired]).toEqual([[], []]);

    expect(await runDoctor([...args, "--test-device"], env)).toMatchObject({ local: true, left: [] });
  });

  it("with --test-device tries one, names its request, and does not advise to approve it", async () => {
    const trustedProxies = ["127.0.0.0/8"];
    const gateway = await startTestGateway({ release: "2026.2.19", trustedProxies });

    const env = { HOME: makeHome(sectionOf(gateway, { trustedProxies })) };
    const run = await runDoctor(["--test-device"], env);

    expect(toFix(run)).toEqual(["direct", "trustedProxies"]);
    expect(run.output).not.toMatch(/approve [0-9a-f]{8}/);
    // Without an operator the request of the test device stays, and is reported.
    expect(run.left).toEqual(
      gateway.pairing.pending.map(({ deviceId, requestId }) => ({ deviceId, requestId })),
    );
    expect(run.left).toHaveLength(1);
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("finds autoApproveLocal false, and leaves no request behind", async () => {
    const gateway = await startTestGateway({ autoApproveLocal: false });
    const home = makeHome(sectionOf(gateway, { nodes: { pairing: { autoApproveLocal: false } } }));

    const run = await runDoctor([], { HOME: home });

    expect(toFix(run)).toEqual(["direct", "autoApproveLocal"]);
    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(gateway.pairing.pending).toEqual([]);
  });

  it("says where to look when it cannot see why", async () => {
    const gateway = await startTestGateway({ autoApproveLocal: false });

    const run = await runDoctor(["--gateway", gateway.url], { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(toFix(run)).toEqual(["direct"]);
    expect(run.of("direct")[0]?.fix).toContain("gateway.trustedProxies");
    expect(run.of("direct")[0]?.fix).toContain("autoApproveLocal");
  });
});

describe("doctor, beside a shim with --approve seen,", () => {
  it("removes its test device that the shim approved", async () => {
    const gateway = await startTestGateway({ autoApproveLocal: false });
    const shim = await openTestShim(
      gateway.port,
      { approve: "seen", approveScopes: FIVE_SCOPES, approveRoles: ["operator"] },
      { operator: { token: new Secret(TOKEN) } },
    );
    onTestFinished(() => shim.close());
    await shim.logged("approver.up");
    const args = ["--listen", shim.authority, "--gateway", gateway.url];

    const run = await runDoctor(args, { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    const { deviceId } = await shim.outcome();
    expect(await shim.logged("approved")).toMatchObject({ deviceId });
    expect(gateway.pairing.pending).toEqual([]);
    expect(gateway.pairing.paired).toEqual([]);
  });
});

describe("doctor, at a gateway with devices,", () => {
  it("finds what waits and what lacks scopes, and leaves it as it was", async () => {
    const gateway = await startTestGateway({ release: "2026.4.5" });
    const connect = { url: gateway.url, token: TOKEN };
    const stale = createDevice();
    await handshake({ ...connect, device: stale, headers: { "X-Forwarded-For": "203.0.113.7" } });
    const short = createDevice();
    await handshake({ ...connect, device: short, scopes: ["operator.read"] });
    await handshake({ ...connect, device: short, scopes: ["operator.admin"] });
    const before = [gateway.pairing.pending, gateway.pairing.paired];

    const run = await runDoctor([], { HOME: makeHome(sectionOf(gateway)) });

    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    expect(toFix(run)).toEqual(["pending", "scopes"]);
    const waiting = run.of("pending").map(({ finding }) => finding);
    expect(waiting.join("\n")).toContain(stale.id.slice(0, 12));
    expect(run.of("scopes")[0]?.finding).toContain("is approved for operator.read; it asks for");
    expect(run.of("scopes")[0]?.finding).toContain("missing operator.admin");
    expect([gateway.pairing.pending, gateway.pairing.paired]).toEqual(before);
  });
});
