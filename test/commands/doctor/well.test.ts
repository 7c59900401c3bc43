import { X509Certificate } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { FAKE_RELEASES } from "../../fake-gateway/behaviors.ts";
import { TEST_CERTIFICATE } from "../../support/certificate.ts";
import { freePort } from "../../support/raw.ts";
import { openTestShim } from "../../support/shim.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

describe.each(FAKE_RELEASES)("doctor, where all is well at a gateway of %s", (release) => {
  it("says so, tries a temporary shim, and leaves no device behind", async () => {
    const gateway = await startTestGateway({ release });
    const home = makeHome(sectionOf(gateway));

    const run = await runDoctor(["--listen", `127.0.0.1:${await freePort()}`], { HOME: home });

    expect(toFix(run)).toEqual([]);
    expect(run).toMatchObject({ code: 0, ok: true, local: true, left: [] });
    expect(run.of("shim", "note")[0]?.finding).toContain("no shim runs at 127.0.0.1:");
    expect(run.of("shim", "note")[0]?.finding).toContain("a new device is paired through it silently");
    expect(gateway.pairing.paired).toEqual([]);
    expect(gateway.pairing.pending).toEqual([]);
    expect(run.output).not.toContain(TOKEN);
  });

  it("connects through the shim that runs", async () => {
    const gateway = await startTestGateway({ release });
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const url = `ws://${shim.authority}`;

    const run = await runDoctor(["--listen", shim.authority, "--gateway", gateway.url], {
      OPENCLAW_GATEWAY_URL: url,
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(run).toMatchObject({ code: 0, local: true, left: [] });
    expect(run.of("shim", "ok")[0]?.finding).toContain(`runs at ${shim.authority}`);
    expect(run.of("tools", "ok")[0]?.finding).toContain(url);
    expect(shim.outcomes.map(({ outcome }) => outcome)).toEqual(["connected"]);
    // The page shows these numbers, and doctor does not count as a client.
    const health = await fetch(`http://${shim.authority}/__shim__/health`);
    expect(await health.json()).toMatchObject({ clients: { connected: 0, other: 0 } });
    expect(gateway.pairing.paired).toEqual([]);
  });
});

describe("doctor, where the running shim has --max-scopes", () => {
  it.each([
    ["2026.4.5", "note", "a ceiling that refuses a test device"],
    ["2026.9.6", "ok", "a new device is paired through it silently"],
  ] as const)("finds nothing to fix at a gateway of %s", async (release, status, finding) => {
    const gateway = await startTestGateway({ release });
    const shim = await openTestShim(gateway.port, { maxScopes: ["operator.read"] });
    onTestFinished(() => shim.close());
    const home = makeHome(sectionOf(gateway));

    const run = await runDoctor(["--listen", shim.authority], { HOME: home });

    expect(toFix(run)).toEqual([]);
    expect(run).toMatchObject({ code: 0, local: true, left: [] });
    expect(run.of("shim", status)[0]?.finding).toContain(finding);
    expect(gateway.pairing.paired).toEqual([]);
  });
});

describe("doctor, where the gateway is", () => {
  it("a TLS one, uses the pinned certificate", async () => {
    const gateway = await startTestGateway({ tls: TEST_CERTIFICATE });
    const args = ["--listen", `127.0.0.1:${await freePort()}`, "--gateway", gateway.url];
    const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN };

    const pin = `sha256:${"00".repeat(32)}`;
    const wrong = await runDoctor([...args, "--gateway-fingerprint", pin], env);
    expect(toFix(wrong)).toEqual(["gateway"]);
    expect(wrong.of("gateway")[0]?.finding).toContain("CERT_FINGERPRINT_MISMATCH");

    const right = new X509Certificate(TEST_CERTIFICATE.cert).fingerprint256;
    const run = await runDoctor([...args, "--gateway-fingerprint", `sha256:${right}`], env);
    expect(run).toMatchObject({ code: 0, local: true, left: [] });
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("on [::1], connects there", async () => {
    const gateway = await startTestGateway({ host: "::1" });

    const run = await runDoctor(["--gateway", gateway.url, "--listen", `127.0.0.1:${await freePort()}`], {
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(run).toMatchObject({ code: 0, local: true, left: [] });
  });
});
