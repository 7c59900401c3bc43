import { describe, expect, it } from "vitest";
import { connectThrough } from "../../support/gateways.ts";
import { TEST_CERTIFICATE } from "../../support/certificate.ts";
import { openShimFor } from "../../support/shim.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor } from "./run.ts";

describe("doctor, at a TLS gateway that --gateway names with ws://", () => {
  it("gives the same fix as the shim's log", async () => {
    const gateway = await startTestGateway({ tls: TEST_CERTIFICATE });
    const shim = await openShimFor(gateway);
    await connectThrough(shim);
    const { fix = "" } = await shim.outcome();

    const url = gateway.url.replace("wss:", "ws:");
    const run = await runDoctor(["--gateway", url], { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(fix).toContain("wss://");
    expect(run.of("gateway")[0]?.fix).toBe(fix);
  });
});
