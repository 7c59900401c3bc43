import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "../bundle.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, runDoctorCommand } from "./run.ts";
import { freePort } from "../../support/raw.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

describe("what doctor advises", () => {
  it("names the program as it was called, and the listener and the gateway that were asked about", async () => {
    const gateway = await startTestGateway();
    const at = `127.0.0.1:${await freePort()}`;
    const place = `--listen ${at} --gateway ${gateway.url}`;

    const run = await runDoctorCommand(command, place.split(" "), { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    const program = `node ${command.path}`;
    expect(run.of("shim", "note")[0]).toMatchObject({
      fix: `start it, or install it as a service: ${program} install ${place}`,
      command: `${program} run ${place}`,
    });
    expect(run.of("tools", "note")[0]?.command).toBe(`eval "$(${program} env ${place})"`);
  });

  it("can be followed: the tools then reach that shim", async () => {
    const at = `127.0.0.1:${await freePort()}`;
    const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN };
    const advised = await runDoctorCommand(command, ["--listen", at, "--gateway", "ws://127.0.0.1:9"], env);
    const [, line = ""] =
      /^eval "\$\(node \S+ (env [^)]+)\)"$/.exec(advised.of("tools", "note")[0]?.command ?? "") ?? [];

    const run = start(command, line.split(" "), env);

    expect(await run.exit).toBe(0);
    expect(run.stdout).toContain(`export OPENCLAW_GATEWAY_URL=ws://${at}`);
  });

  it("says that the tools need the token, too, if the environment has none", async () => {
    const gateway = await startTestGateway();
    const home = makeHome(sectionOf(gateway));

    const before = await runDoctor([], { HOME: home });
    expect(before).toMatchObject({ code: 0 });
    const [advised] = before.of("tools", "note");
    expect(advised?.fix).toMatch(
      /export OPENCLAW_GATEWAY_TOKEN=.*without which every openclaw command then fails/,
    );
    // The command alone would break every tool.
    expect(advised?.command).toBeUndefined();

    const half = await runDoctor([], { HOME: home, OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    expect(half.code).toBe(1);
    expect(half.of("tools")[0]).toMatchObject({
      finding: expect.stringContaining("every openclaw command fails") as string,
      fix: expect.stringContaining("export OPENCLAW_GATEWAY_TOKEN=") as string,
    });
  });

  it("has the flags that a listener beyond loopback requires", async () => {
    const port = await freePort();
    const listen = ["--listen", `0.0.0.0:${port}`, "--allow-from", "172.17.0.0/16"];

    const run = await runDoctor([...listen, "--gateway", "ws://127.0.0.1:9"]);

    expect(run.of("shim", "note")[0]?.command).toBe(
      `openclaw-shim run --listen 0.0.0.0:${port} --allow-from 172.17.0.0/16 --gateway ws://127.0.0.1:9`,
    );
    expect(run.of("tools", "note")[0]?.fix).toContain(`env --listen 0.0.0.0:${port} --allow-from`);
  });
});
