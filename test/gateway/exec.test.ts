import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Child } from "./child.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";
import { BUNDLE } from "./shim-process.ts";
import { startVercelProxy } from "./vercel-proxy.ts";

const CRON_LIST = ["cron", "list", "--json"];
const DEADLINE_MS = 90_000;

interface Exec {
  /** Flags of `exec`. */
  readonly flags?: readonly string[];
  /** Further arguments of `openclaw cron list`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The `gateway` of openclaw.json; without it the file is not written. */
  readonly config?: object;
}

describe.each(chosenVersions())("openclaw-shim exec -- openclaw %s cron list", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    return () => gateway.close();
  });

  /** Runs it in a home of its own: a new device. Returns the exit code and all output. */
  async function cronList({ flags = [], args = [], env, config }: Exec) {
    const home = await createHome();
    onTestFinished(() => home.remove());
    if (config !== undefined) {
      await mkdir(join(home.path, ".openclaw"));
      // With a config, 2026.4.5 loads all plugins, which uses half a minute of CPU time.
      const text = JSON.stringify({ plugins: { enabled: false }, gateway: config });
      await writeFile(join(home.path, ".openclaw", "openclaw.json"), text, { mode: 0o600 });
    }
    const { node, entry } = gateway.openclaw;
    const stdout: string[] = [];
    const child = new Child(
      {
        name: "openclaw-shim exec",
        command: [process.execPath, BUNDLE, "exec", ...flags, "--", node, entry, ...CRON_LIST, ...args],
        env: { ...home.env, ...env },
        cwd: home.path,
      },
      (line) => stdout.push(line),
    );
    const { code } = await child.exited(DEADLINE_MS);
    return { code, stdout: stdout.join("\n"), output: child.lines.join("\n") };
  }

  const local = () => ({ mode: "local", port: gateway.port, auth: { mode: "token", token: gateway.token } });

  it("finds gateway and token in openclaw.json, and prints only what the command prints", async () => {
    const { code, stdout, output } = await cronList({ config: local() });
    expect(output).not.toContain("pairing");
    expect(code, output).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: expect.any(Array) });
  });

  it("gives a command without openclaw.json the URL and the token", async () => {
    const env = { OPENCLAW_GATEWAY_TOKEN: gateway.token };
    const { code, stdout, output } = await cronList({ flags: ["--gateway", gateway.url], env });
    expect(code, output).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: expect.any(Array) });
  });

  it("makes a command local behind a header-injecting proxy, and logs on stderr", async () => {
    const port = await freePort();
    const proxy = await startVercelProxy(port);
    onTestFinished(() => proxy.close());
    const { code, stdout, output } = await cronList({
      flags: ["--gateway", gateway.url, "--listen", `127.0.0.1:${port}`, "--log-level", "info"],
      args: ["--url", proxy.url, "--token", gateway.token],
    });
    expect(code, output).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ jobs: expect.any(Array) });
    expect(output).toMatch(/"outcome":"connected".*"publicForwarded":true/);
    expect(output).not.toContain(gateway.token);
  });

  it("prints outcome and fix below the command's own error, and its exit code, if it was refused", async () => {
    const wrong = { ...local(), auth: { mode: "token", token: "not-the-token" } };
    const { code, output } = await cronList({ config: wrong });
    expect(code, output).toBe(1);
    expect(output).toMatch(/\n\d\d:\d\d:\d\d {2}unauthorized .*\n {10}fix: .*$/);
  });
});
