import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../support/raw.ts";
import { openTestShim } from "../../support/shim.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

const ENV = { OPENCLAW_GATEWAY_TOKEN: TOKEN };

describe("doctor --via", () => {
  it("without a listener blames the address, not the gateway", async () => {
    const gateway = await startTestGateway();
    const dead = `ws://127.0.0.1:${await freePort()}`;

    const run = await runDoctor(["--gateway", gateway.url, "--via", dead], ENV);

    expect(toFix(run)).toEqual(["path"]);
    expect(run.of("path")[0]).toMatchObject({
      finding: `${dead} (--via): gateway-unreachable (ECONNREFUSED): nothing responds there`,
      fix: "correct --via, or start what listens there",
    });
  });

  it("that is the shim itself, or the gateway, is reported as that", async () => {
    const gateway = await startTestGateway();
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const ways = ["--via", `ws://${shim.authority}`, "--via", gateway.url];

    const run = await runDoctor(["--listen", shim.authority, "--gateway", gateway.url, ...ways], ENV);

    expect(run.code).toBe(0);
    expect(run.of("path", "note").map(({ finding }) => finding)).toEqual([
      `ws://${shim.authority} (--via) is the shim itself: see shim`,
      `${gateway.url} (--via) is the gateway itself: see direct`,
    ]);
  });

  it.each([
    ["foo", "ws://foo"],
    ["http://127.0.0.1:5", "ws://127.0.0.1:5"],
    ["https://box.example/?token=sekrit", "wss://box.example"],
    ["ws://", "ws://HOST:PORT"],
  ])("%s is a bad setting", async (text, meant) => {
    await expect(runDoctor(["--via", text])).rejects.toThrow(
      `--via: "${text.replace(/\?.*/, "…")}" is not a ws:// or wss:// URL; write ${meant}`,
    );
  });
});
