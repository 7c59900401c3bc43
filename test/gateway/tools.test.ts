import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import JSON5 from "json5";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Outcome } from "../../src/outcome/outcome.ts";
import { runCli, type CliResult } from "./cli.ts";
import { randomToken, startGateway, type Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions, releaseOf } from "./releases.ts";
import { BUNDLE, startShimProcess, type ShimProcess } from "./shim-process.ts";

const CRON_LIST = ["cron", "list", "--json"];
const LISTED = {
  code: 0,
  json: { jobs: expect.any(Array) },
  outcome: { outcome: "connected", client: { id: "cli" } },
};

interface Tool {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Merged into its `openclaw.json`. */
  readonly config?: object;
}

// The settings of docs/gateway.md section 5; env.test.ts has those of the environment. The shim listens on the port of the config, the gateway on that of --port.
describe.each(chosenVersions())("openclaw %s's tools reach the shim", (version) => {
  const { urlFromEnvironment, innerToolsConnect } = releaseOf(version);
  const token = randomToken();
  let gateway: Gateway;
  let shim: ShimProcess;
  let outcomes = 0;
  beforeAll(async () => {
    const port = await freePort();
    gateway = await startGateway(await installOpenClaw(version), {
      token,
      config: { port },
      prepare: (home) => {
        home.env["OPENCLAW_GATEWAY_URL"] = `ws://127.0.0.1:${port}`;
        home.env["OPENCLAW_GATEWAY_TOKEN"] = token;
        return Promise.resolve();
      },
    });
    shim = await startShimProcess(gateway.url, [], { listen: [`127.0.0.1:${port}`] });
    return async () => {
      await shim.close();
      await gateway.close();
    };
  });

  /** Lists the cron jobs with the CLI; returns its result and the shim's outcome. */
  const cronList = async ({
    args = [],
    env = {},
    config,
  }: Tool): Promise<CliResult & { outcome?: Outcome }> => {
    const home = await createHome();
    onTestFinished(() => home.remove());
    if (config !== undefined) {
      await mkdir(join(home.path, ".openclaw"));
      // With a config, 2026.4.5 loads all plugins, which uses half a minute of CPU time.
      const whole = JSON.stringify({ plugins: { enabled: false }, ...config });
      await writeFile(join(home.path, ".openclaw", "openclaw.json"), whole);
    }
    const result = await runCli(gateway.openclaw, home, [...CRON_LIST, ...args], { env });
    if (result.code !== 0) return result;
    const outcome = await shim.outcome(outcomes);
    outcomes += 1;
    return { ...result, outcome };
  };

  it("with --url and --token", async () => {
    expect(await cronList({ args: ["--url", shim.url, "--token", token] })).toMatchObject(LISTED);
  });

  it("with the gateway.remote that openclaw-shim env --openclaw-config prints", async () => {
    const args = ["env", "--openclaw-config", "--listen", `127.0.0.1:${shim.port}`, "--gateway", gateway.url];
    const env = { HOME: gateway.home.path };
    const printed = execFileSync(process.execPath, [BUNDLE, ...args], { encoding: "utf8", env });
    const config = JSON5.parse<object>(printed);
    expect(await cronList({ config, env: { OPENCLAW_GATEWAY_TOKEN: token } })).toMatchObject(LISTED);
  });

  it("with nothing changed, if the shim has the gateway's port", async () => {
    const auth = { mode: "token", token };
    const config = { gateway: { mode: "local", port: shim.port, auth } };
    expect(await cronList({ config })).toMatchObject(LISTED);
  });

  it("from inside the gateway, with the URL in its environment, on releases whose tools connect", async () => {
    const response = await fetch(`http://127.0.0.1:${shim.port}/tools/invoke`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ tool: "sessions_list", args: {} }),
    });
    expect(await response.json()).toMatchObject({ ok: true, result: { details: { sessions: [] } } });
    const logged = shim.log.filter((line) => line.includes('"id":"gateway-client"'));
    expect(logged.length > 0).toBe(innerToolsConnect && urlFromEnvironment);
    for (const line of logged) expect(line).toContain('"outcome":"connected"');
  });

  it("and no token is logged", () => {
    expect(shim.log.join("\n")).not.toContain(token);
  });
});
