import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, freePort, start, type Bundle } from "../bundle.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, runDoctorCommand } from "./run.ts";

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
    expect(run.of("shim", "note")[0]?.fix).toBe(
      `start it: ${program} run ${place}, or ${program} install ${place}`,
    );
    expect(run.of("tools", "note")[0]?.fix).toContain(`eval "$(${program} env ${place})"; or`);
  });

  it("can be followed: the tools then reach that shim", async () => {
    const at = `127.0.0.1:${await freePort()}`;
    const advised = await runDoctorCommand(command, ["--listen", at, "--gateway", "ws://127.0.0.1:9"]);
    const [, line = ""] =
      /eval "\$\(node \S+ (env [^)]+)\)"/.exec(advised.of("tools", "note")[0]?.fix ?? "") ?? [];

    const run = start(command, line.split(" "), { OPENCLAW_GATEWAY_TOKEN: TOKEN });

    expect(await run.exit).toBe(0);
    expect(run.stdout).toContain(`export OPENCLAW_GATEWAY_URL=ws://${at}`);
  });

  it("says that the tools need the token, too, where the environment has none", async () => {
    const gateway = await startTestGateway();
    const home = makeHome(sectionOf(gateway));

    const before = await runDoctor([], { HOME: home });
    expect(before).toMatchObject({ code: 0 });
    expect(before.of("tools", "note")[0]?.fix).toMatch(
      /export OPENCLAW_GATEWAY_TOKEN=.*without which every openclaw command then fails/,
    );

    // The half of it that breaks every tool, which finds its token in openclaw.json alone.
    const half = await runDoctor([], { HOME: home, OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    expect(half.code).toBe(1);
    expect(half.of("tools")[0]).toMatchObject({
      finding: expect.stringContaining("every openclaw command fails") as string,
      fix: expect.stringContaining("export OPENCLAW_GATEWAY_TOKEN=") as string,
    });
  });

  it("has what a listener beyond loopback does not start without", async () => {
    const port = await freePort();
    const listen = ["--listen", `0.0.0.0:${port}`, "--allow-from", "172.17.0.0/16"];

    const run = await runDoctor([...listen, "--gateway", "ws://127.0.0.1:9"]);

    expect(run.of("shim", "note")[0]?.fix).toContain(
      `openclaw-shim run --listen 0.0.0.0:${port} --allow-from 172.17.0.0/16 --gateway ws://127.0.0.1:9`,
    );
    expect(run.of("tools", "note")[0]?.fix).toContain(`env --listen 127.0.0.1:${port}`);
  });
});
