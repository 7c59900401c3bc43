import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, type Bundle } from "../bundle.ts";
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
      fix: `start it, or install it as a service: \`${program} install ${place}\``,
      command: `${program} run ${place}`,
    });
    expect(run.of("tools", "note")[0]).toMatchObject({
      fix: `point them at the shim, here or with \`${program} env ${place} --openclaw-config\``,
      command: `export OPENCLAW_GATEWAY_PORT=${at.replace("127.0.0.1:", "")}`,
    });
  });

  it("points tools at the shim where they are pointed past it", async () => {
    const gateway = await startTestGateway();
    const listen = ["--listen", "127.0.0.1:18", "--gateway", gateway.url];
    const commandWith = async (
      env: Record<string, string>,
      config: object = {},
    ): Promise<string | undefined> => {
      const run = await runDoctor(listen, { HOME: makeHome(config), ...env });
      return run.findings.find(({ check }) => check === "tools")?.command;
    };
    const url = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" };
    const remote = { mode: "remote", remote: { url: "ws://127.0.0.1:1" } };

    expect(await commandWith({ ...url, OPENCLAW_GATEWAY_TOKEN: TOKEN })).toBe(
      "export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:18 OPENCLAW_GATEWAY_PORT=18",
    );
    // The command alone would not help.
    expect(await commandWith(url)).toBeUndefined();
    // With openclaw.json's token the port alone does.
    expect(await commandWith(url, sectionOf(gateway))).toBe(
      "unset OPENCLAW_GATEWAY_URL; export OPENCLAW_GATEWAY_PORT=18",
    );
    expect(await commandWith({}, remote)).toBe("openclaw config set gateway.remote.url ws://127.0.0.1:18");
    // Tools would speak TLS to the shim.
    expect(await commandWith({}, { ...sectionOf(gateway), tls: { enabled: true } })).toBeUndefined();
  });

  it("says that the tools need the token, too, if the environment has none", async () => {
    const half = await runDoctor([], { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" });
    expect(half.code).toBe(1);
    const found = half.of("tools").find(({ finding }) => finding.includes("every openclaw command fails"));
    expect(found?.fix).toContain("export OPENCLAW_GATEWAY_TOKEN=");
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
