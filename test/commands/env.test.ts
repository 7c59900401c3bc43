import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import JSON5 from "json5";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const SECRETS = { OPENCLAW_GATEWAY_TOKEN: "sekrit" };

async function env(...args: string[]): Promise<string> {
  const run = start(command, ["env", ...args], SECRETS);
  expect(await run.exit).toBe(0);
  expect(run.stdout.join("\n")).not.toContain("sekrit");
  return `${run.stdout.join("\n")}\n`;
}

describe("env", () => {
  it.each([
    [[], "ws://127.0.0.1:18788"],
    [["--listen", "127.0.0.2:5", "--listen", "127.0.0.1:6"], "ws://127.0.0.2:5"],
    [["--listen", "0.0.0.0:5", "--allow-from", "10.0.0.0/8"], "ws://127.0.0.1:5"],
    [["--listen", "[::]:5", "--allow-from", "10.0.0.0/8"], "ws://[::1]:5"],
    [["--listen", "[::1]:5"], "ws://[::1]:5"],
  ])("prints lines that a shell can run: %j", async (args, url) => {
    const script = join(command.folder, "env.sh");
    writeFileSync(script, await env(...args));
    const seen = execFileSync("sh", ["-eu", "-c", `. ${script}; printf %s "$OPENCLAW_GATEWAY_URL"`], {
      encoding: "utf8",
    });
    expect(seen).toBe(url);
    expect(readFileSync(script, "utf8")).toContain("OPENCLAW_GATEWAY_TOKEN");
  });

  it("prints JSON with --json", async () => {
    expect(JSON.parse(await env("--json"))).toEqual({ OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:18788" });
  });

  it("prints a fragment of openclaw.json with --openclaw-config", async () => {
    expect(JSON5.parse(await env("--openclaw-config"))).toEqual({
      gateway: {
        mode: "remote",
        remote: { url: "ws://127.0.0.1:18788", token: "${OPENCLAW_GATEWAY_TOKEN}" },
      },
    });
  });

  it("notes on stderr that the tools need the token if the environment has none", async () => {
    const without = start(command, ["env"]);
    expect(await without.exit).toBe(0);
    expect(without.stderr).toEqual([
      "openclaw-shim: note: OPENCLAW_GATEWAY_TOKEN is not set here: export it too, or every openclaw command fails with this setting",
    ]);
    for (const name of ["OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_PASSWORD"]) {
      const run = start(command, ["env"], { [name]: "sekrit" });
      expect(await run.exit).toBe(0);
      expect(run.stderr).toEqual([]);
    }
  });

  it("continues without an unusable openclaw.json, with a note on stderr", async () => {
    const path = join(command.folder, "not-a-file.json");
    mkdirSync(path);
    const run = start(command, ["env"], { ...SECRETS, OPENCLAW_CONFIG_PATH: path });
    expect(await run.exit).toBe(0);
    expect(run.stdout).toContain("export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:18788");
    expect(run.stderr).toEqual([
      `openclaw-shim: note: OpenClaw's config: ${path} is not a regular file; continuing without it`,
    ]);
  });

  it("continues, too, if OPENCLAW_GATEWAY_PORT leads to the shim, as its own advice is", async () => {
    const path = join(command.folder, "bad-port.json");
    writeFileSync(path, '{"gateway": {"port": "x"}}');
    const run = start(command, ["env"], {
      ...SECRETS,
      OPENCLAW_CONFIG_PATH: path,
      OPENCLAW_GATEWAY_PORT: "18788",
    });
    expect(await run.exit).toBe(0);
    expect(run.stderr).toEqual([
      `openclaw-shim: note: OpenClaw's config: gateway.port in ${path} is not a port from 1 to 65535; continuing without it`,
    ]);
  });

  it.each([
    [["--json", "--openclaw-config"], "--json, --openclaw-config: give one of them"],
    [["--jsn"], "--jsn: no such setting; did you mean --json?"],
    [
      ["--listen", "127.0.0.1:0"],
      "--listen: port 0 is another port at every start; give the port that the shim listens on",
    ],
  ])("refuses %j", async (args, problem) => {
    const run = start(command, ["env", ...args]);
    expect(await run.exit).toBe(2);
    expect(run.stderr).toEqual([`openclaw-shim: ${problem}`]);
    expect(run.stdout).toEqual([]);
  });
});
