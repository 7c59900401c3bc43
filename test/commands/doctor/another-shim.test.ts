import { describe, expect, it, onTestFinished } from "vitest";
import { openTestShim } from "../../support/shim.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

describe("doctor, where a shim has taken over the gateway's address", () => {
  it("says so, how to ask about that shim, and nothing that would be true of a gateway alone", async () => {
    const gateway = await startTestGateway();
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());

    const run = await runDoctor(["--gateway", `ws://${shim.authority}`], { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(toFix(run)).toEqual(["gateway"]);
    expect(run.of("gateway")[0]?.finding).toContain("is an openclaw-shim, not the gateway");
    expect(run.of("gateway")[0]?.fix).toBe(
      `run \`openclaw-shim doctor --listen ${shim.authority} --gateway ws://127.0.0.1:PORT-OF-THE-GATEWAY\``,
    );
    expect(run.findings.map(({ check }) => check)).not.toContain("shim");
    expect(shim.outcomes).toEqual([]);
  });

  it("finds all well when it is asked like that", async () => {
    const gateway = await startTestGateway();
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());

    const run = await runDoctor(["--listen", shim.authority, "--gateway", gateway.url], {
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(run).toMatchObject({ code: 0, local: true });
  });
});
