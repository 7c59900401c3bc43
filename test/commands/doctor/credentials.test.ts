import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCredential } from "../../../src/commands/doctor/tool-urls.ts";
import { FAKE_RELEASES } from "../../fake-gateway/behaviors.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

const WRONG = "t0ken-of-another-gateway";

describe.each(FAKE_RELEASES)("doctor at a gateway of %s", (release) => {
  it("finds a wrong token, without showing it, and leaves nothing behind", async () => {
    const gateway = await startTestGateway({ release });

    const run = await runDoctor(["--gateway", gateway.url], { OPENCLAW_GATEWAY_TOKEN: WRONG });

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(toFix(run)).toEqual(["token"]);
    expect(run.of("token")[0]?.finding).toMatch(/did not take OPENCLAW_GATEWAY_TOKEN: unauthorized/);
    expect(run.output).not.toContain(WRONG);
    expect(gateway.pairing.pending).toEqual([]);
  });

  it("finds that there is no token, and names the sources of one", async () => {
    const gateway = await startTestGateway({ release });

    const run = await runDoctor(["--gateway", gateway.url]);

    expect(run).toMatchObject({ code: 1, local: false, left: [] });
    expect(toFix(run)).toEqual(["token"]);
    expect(run.of("token")[0]).toMatchObject({
      finding: expect.stringContaining("no gateway token found") as string,
      fix: "give --token-file FILE or set OPENCLAW_GATEWAY_TOKEN",
    });
    expect(gateway.pairing.pending).toEqual([]);
  });
});

describe("doctor", () => {
  it("uses the token of --token-file, and warns if others can read it", async () => {
    const gateway = await startTestGateway();
    const home = makeHome(sectionOf(gateway, { auth: { token: WRONG } }));
    const file = join(home, "token");
    writeFileSync(file, `${TOKEN}\n`);
    chmodSync(file, 0o640);

    const run = await runDoctor(["--token-file", file], { HOME: home });

    expect(run).toMatchObject({ code: 0, local: true });
    expect(run.of("token", "note")[0]?.finding).toContain("is open to its group");
  });
});

describe("a password", () => {
  const env = { HOME: "/nonexistent", OPENCLAW_GATEWAY_PASSWORD: "p" };

  it("is sent if there is no token, or the gateway asks for a password", () => {
    expect(readCredential(undefined, env, undefined)).toMatchObject({ kind: "password" });
    const both = { ...env, OPENCLAW_GATEWAY_TOKEN: "t" };
    expect(readCredential(undefined, both, undefined)).toMatchObject({ kind: "token" });
    expect(readCredential(undefined, both, "password")).toMatchObject({ kind: "password" });
  });

  it("is missing if the gateway asks for one", () => {
    expect(readCredential(undefined, { HOME: "/nonexistent" }, "password")).toEqual({
      why: "gateway.auth.mode is password",
      fix: "set OPENCLAW_GATEWAY_PASSWORD",
    });
  });
});
