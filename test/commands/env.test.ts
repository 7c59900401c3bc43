import { mkdirSync, writeFileSync } from "node:fs";
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

async function env(
  args: readonly string[] = [],
  variables: Record<string, string> = SECRETS,
): Promise<string> {
  const run = start(command, ["env", ...args], variables);
  expect(await run.exit).toBe(0);
  expect([...run.stdout, ...run.stderr].join("\n")).not.toContain("sekrit");
  return `${run.stdout.join("\n")}\n`;
}

/** Runs lines in a shell that stops at each error. Returns OpenClaw's variables then. */
function inShell(lines: string, variables: Record<string, string> = {}): Record<string, string> {
  const all = execFileSync("sh", ["-eu", "-c", `${lines}\nenv`], { encoding: "utf8", env: variables });
  const found = all.split("\n").filter((line) => line.startsWith("OPENCLAW_GATEWAY_"));
  return Object.fromEntries(found.map((line) => line.split(/=(.*)/s)));
}

const PORT = { OPENCLAW_GATEWAY_PORT: "18788" };
const URL_AND_PORT = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:18788", ...PORT };

describe("env", () => {
  it.each([
    [[], PORT],
    [["--listen", "127.0.0.2:5", "--listen", "127.0.0.1:6"], { OPENCLAW_GATEWAY_URL: "ws://127.0.0.2:5" }],
    [["--listen", "0.0.0.0:5", "--allow-from", "10.0.0.0/8"], { OPENCLAW_GATEWAY_PORT: "5" }],
    [["--listen", "[::]:5", "--allow-from", "10.0.0.0/8"], { OPENCLAW_GATEWAY_URL: "ws://[::1]:5" }],
    [["--listen", "[::1]:5"], { OPENCLAW_GATEWAY_URL: "ws://[::1]:5" }],
  ])("prints lines that a shell can run: %j", async (args, variables) => {
    expect(inShell(await env(args))).toEqual(variables);
  });

  it("unsets a URL that would win over the port, and says why the port is enough", async () => {
    const path = join(command.folder, "token.json");
    writeFileSync(path, '{"gateway": {"auth": {"token": "sekrit"}}}');
    const other = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", OPENCLAW_CONFIG_PATH: path };
    const lines = await env([], other);
    expect(lines).toMatch(`# The port is enough: tools here find gateway.auth.token in ${path}.\n`);
    expect(inShell(lines, other)).toEqual(PORT);
    expect(JSON.parse(await env(["--json"], other))).toEqual({ OPENCLAW_GATEWAY_URL: null, ...PORT });
  });

  it("gives the URL and the token where the port is not enough, and says why", async () => {
    const path = join(command.folder, "remote.json");
    writeFileSync(
      path,
      '{"gateway": {"mode": "remote", "remote": {"url": "ws://127.0.0.1:1", "token": "sekrit"}}}',
    );
    const remote = { OPENCLAW_CONFIG_PATH: path };
    const lines = await env([], remote);
    expect(lines).toContain(
      `# The port is not enough, and a URL needs the token in the environment: gateway.mode in`,
    );
    expect(lines).toContain(`\n# export OPENCLAW_GATEWAY_TOKEN="$(cat 'FILE-WITH-THE-TOKEN')"\n`);
    expect(inShell(lines)).toEqual(URL_AND_PORT);
    expect(JSON.parse(await env(["--json"], remote))).toEqual(URL_AND_PORT);
    // With a token in the environment that line is not needed.
    expect(await env([], { ...remote, ...SECRETS })).not.toContain("OPENCLAW_GATEWAY_TOKEN");
  });

  it.each([
    ["powershell", ["# ", "$env:OPENCLAW_GATEWAY_URL = ''", "$env:OPENCLAW_GATEWAY_PORT = '18788'"]],
    ["cmd", ["REM ", "SET OPENCLAW_GATEWAY_URL=", "SET OPENCLAW_GATEWAY_PORT=18788"]],
  ])("prints for %s", async (shell, [comment, ...lines]) => {
    const path = join(command.folder, "windows.json");
    writeFileSync(path, '{"gateway": {"auth": {"token": "sekrit"}}}');
    const other = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1", OPENCLAW_CONFIG_PATH: path };
    const [first, ...rest] = (await env(["--shell", shell], other)).trimEnd().split("\n");
    expect(first).toBe(`${comment}The port is enough: tools here find gateway.auth.token in ${path}.`);
    expect(rest).toEqual(lines);
  });

  it.each([
    ["powershell", "$env:OPENCLAW_GATEWAY_TOKEN = (Get-Content -Raw -LiteralPath '/it''s mine').Trim()"],
    ["cmd", 'REM SET /P OPENCLAW_GATEWAY_TOKEN=<"/it\'s mine"'],
  ])("reads a token file in %s", async (shell, line) => {
    const lines = await env(["--shell", shell, "--token-file", "/it's mine"], {});
    expect(lines.trimEnd().split("\n").at(-1)).toBe(line);
  });

  it("exports the token of OpenClaw's .env file, for the commands that outcomes print", async () => {
    const folder = join(command.folder, "state it's");
    mkdirSync(folder);
    writeFileSync(
      join(folder, "openclaw.json"),
      '{"gateway": {"auth": {"token": "${OPENCLAW_GATEWAY_MINE}"}}}',
    );
    writeFileSync(join(folder, ".env"), 'OPENCLAW_GATEWAY_MINE="sekrit"\n');
    const lines = await env([], { OPENCLAW_STATE_DIR: folder });
    expect(inShell(lines)).toEqual({ ...PORT, OPENCLAW_GATEWAY_MINE: "sekrit" });
  });

  it("takes the token from --token-file, when the lines are run", async () => {
    const file = join(command.folder, "it's a token");
    writeFileSync(file, "sekrit\n", { mode: 0o600 });
    const lines = await env(["--token-file", file], {});
    expect(inShell(lines, { PATH: "/usr/bin:/bin" })).toEqual({ ...URL_AND_PORT, ...SECRETS });
  });

  it("prints a fragment of openclaw.json with --openclaw-config", async () => {
    expect(JSON5.parse(await env(["--openclaw-config"]))).toEqual({
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
      "openclaw-shim: note: OPENCLAW_GATEWAY_TOKEN is not set here: set it too, or tools with this URL fail",
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
    expect(run.stdout[0]).toContain(`${path} is not a regular file`);
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
