import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import JSON5 from "json5";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { SHELL_COMMANDS } from "../../src/error-table.ts";
import type { Finding } from "../../src/commands/doctor/finding.ts";
import { handshake } from "../support/client.ts";
import { startInjectingProxy, type InjectingProxy } from "../support/header-injecting-proxy.ts";
import { Child } from "./child.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { createHome, type Home } from "./home.ts";
import { installOpenClaw, type OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { SITUATIONS, type CommandName, type Shell, type Situation, type Way } from "./printed-commands.ts";
import { chosenVersions, NEWEST } from "./releases.ts";
import { BUNDLE, startShimProcess, type ShimProcess } from "./shim-process.ts";
import { startVercelProxy } from "./vercel-proxy.ts";

const SLOW = { timeout: 600_000 };
const RESTART_MS = 120_000;
/** Lets the newest release store the request of a client that comes through a proxy (docs/gateway.md section 2). */
const TRUSTS = { trustedProxies: ["127.0.0.1", "::1"] };
const PUBLIC = [["X-Forwarded-For", "203.0.113.7"]] as const;

/** Returns how the shell's tools are pointed at the shim: in CI one way, as all of them take four minutes. */
function waysOf({ ways }: Situation): readonly Way[] {
  return process.env["CI"] === undefined ? ways : ways.slice(0, 1);
}

describe.each(chosenVersions())("the printed command, with openclaw %s", (version) => {
  let openclaw: OpenClaw;
  let bin: string;
  let shared: Gateway;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
    bin = await mkdtemp(join(tmpdir(), "openclaw-test-bin-"));
    const run = `#!/bin/sh\nexec '${openclaw.node}' '${openclaw.entry}' "$@"\n`;
    await writeFile(join(bin, "openclaw"), run, { mode: 0o755 });
    shared = await startGateway(openclaw, { config: version === NEWEST ? TRUSTS : {} });
  });
  afterAll(async () => {
    await shared?.close();
    await rm(bin, { recursive: true });
  });

  const entries = Object.entries(SITUATIONS).flatMap(([command, situations]) =>
    Object.entries(situations)
      .filter(([, { on }]) => on === undefined || on.test(version))
      .flatMap(([what, situation]) =>
        waysOf(situation).map((way) => [command, what, way, situation] as const),
      ),
  );

  it.each(entries)("%s: %s, in a shell with the %s", SLOW, async (_command, _what, way, situation) => {
    const shell = await openShell(way, situation);
    expect(await situation.follow(shell)).toBe(true);
  });

  /** Starts what the situation needs, and prepares a shell as README.md says. */
  async function openShell(way: Way, { config, withoutShim }: Situation): Promise<Shell> {
    const gateway = config === undefined ? shared : await startGateway(openclaw, { config });
    if (gateway !== shared) onTestFinished(() => gateway.close());
    const proxy = await startProxy(gateway.port);
    const port = await freePort();
    const start = (): Promise<ShimProcess> =>
      startShimProcess(gateway.url, [], { listen: [`127.0.0.1:${port}`] });
    const shim = withoutShim ? undefined : await start();
    onTestFinished(() => shim?.close());
    const { token } = gateway;
    const url = `ws://127.0.0.1:${port}`;
    const home = way === "remote" ? await remoteHome(url, token) : gateway.home;
    const args = way === "flags" ? ["--url", url, "--token", token] : [];
    let env = variables(way, { port, token, home });

    let exported = "";
    const inShell = async (line: string): Promise<string> => {
      const all = { ...home.env, ...env, PATH: `${bin}:${process.env["PATH"]}` };
      const options = { env: all, cwd: home.path };
      const { stdout } = await promisify(execFile)("sh", ["-c", `${exported}${line}`], options);
      return stdout;
    };
    const cli = async (line: string): Promise<boolean> => {
      try {
        return JSON5.parse<{ jobs?: unknown }>(await inShell(line)).jobs !== undefined;
      } catch {
        return false;
      }
    };
    const check = (name: CommandName, command = ""): string => {
      const parts = SHELL_COMMANDS[name].split("{value}");
      const isIt = command.startsWith(parts[0] ?? "") && command.endsWith(parts.at(-1) ?? "");
      expect(isIt && command !== "", `${name}: ${command}`).toBe(true);
      return command;
    };
    const list = ["openclaw cron list --json", ...args].join(" ");

    return {
      connect: (options, through) =>
        handshake({ url: through === "proxy" ? proxy.url : url, token, ...options }),
      runsCli: () => cli(list),
      refuseCli: async () => {
        await rm(join(home.path, ".openclaw", "identity"), { recursive: true, force: true });
        const refused = `env -u OPENCLAW_GATEWAY_PORT openclaw cron list --json --url ${proxy.url} --token ${token}`;
        expect(await cli(refused)).toBe(false);
      },
      leadPastShim: async (by) => {
        if (way === "remote") await writeRemote(home, proxy.url, token);
        if (by === "url alone") env = { OPENCLAW_GATEWAY_URL: proxy.url };
        else if (way === "port") env = { OPENCLAW_GATEWAY_PORT: `${proxy.port}` };
        if (way === "url") env = { OPENCLAW_GATEWAY_URL: proxy.url, OPENCLAW_GATEWAY_TOKEN: token };
      },
      lastOutcome: async () => {
        if (!shim) throw new Error("no shim was started");
        const count = shim.log.filter((line) => line.includes('"pairing.outcome"')).length;
        return shim.outcome(count - 1);
      },
      doctor: async (name, ...more) => {
        const run = `'${process.execPath}' '${BUNDLE}' doctor --json --listen 127.0.0.1:${port} --gateway ${gateway.url}`;
        // It exits with 1.
        const output = await inShell(`${[run, ...more].join(" ")} || true`);
        const { findings } = JSON.parse(output) as { findings: Finding[] };
        return findings.find((one) => one.check === name && one.command !== undefined);
      },
      paste: async (name, command) => {
        await inShell(check(name, command));
        if (/^(?:export|unset) /.test(command ?? "")) exported = `${command}; `;
      },
      pasteAndWait: async (name, command) => {
        const all = { ...home.env, ...env, PATH: `${bin}:${process.env["PATH"]}` };
        const line = ["sh", "-c", `exec ${check(name, command)}`] as const;
        const child = new Child({ name, command: [...line], env: all, cwd: home.path });
        onTestFinished(async () => void (await child.stop()));
        const found = (): string | undefined =>
          child.lines.find((text) => text.includes('"event":"listening"'));
        await child.until("listening", 10_000, found);
      },
      afterRestart: async (attempt) => {
        await expect.poll(attempt, { timeout: RESTART_MS, interval: 1_000 }).toBe(true);
      },
    };
  }

  function startProxy(port: number): Promise<InjectingProxy> {
    const proxy =
      version === NEWEST
        ? startInjectingProxy({ target: { host: "127.0.0.1", port }, headers: PUBLIC })
        : startVercelProxy(port);
    onTestFinished(async () => (await proxy).close());
    return proxy;
  }

  /** README.md, step 2. */
  function variables(
    way: Way,
    { port, token, home }: { port: number; token: string; home: Home },
  ): Record<string, string> {
    if (way === "port") {
      const args = [BUNDLE, "env", "--json", "--listen", `127.0.0.1:${port}`];
      const printed = execFileSync(process.execPath, args, { encoding: "utf8", env: home.env });
      expect(JSON.parse(printed)).toEqual({ OPENCLAW_GATEWAY_PORT: `${port}` });
      return { OPENCLAW_GATEWAY_PORT: `${port}` };
    }
    if (way === "remote") return { OPENCLAW_GATEWAY_TOKEN: token };
    if (way === "flags") return {};
    const isKnown = openclaw.release.urlFromEnvironment;
    const where = isKnown
      ? { OPENCLAW_GATEWAY_URL: `ws://127.0.0.1:${port}` }
      : { OPENCLAW_GATEWAY_PORT: `${port}` };
    return { ...where, OPENCLAW_GATEWAY_TOKEN: token };
  }
});

/** Creates the home of a tool with the fragment that `openclaw-shim env` prints. */
async function remoteHome(url: string, token: string): Promise<Home> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  await mkdir(join(home.path, ".openclaw"));
  await writeRemote(home, url, token);
  return home;
}

async function writeRemote({ path }: Home, url: string, token: string): Promise<void> {
  const listen = url.replace("ws://", "");
  const args = [BUNDLE, "env", "--openclaw-config", "--listen", listen, "--gateway", "ws://127.0.0.1:9"];
  const fragment = execFileSync(process.execPath, args, {
    encoding: "utf8",
    env: { HOME: path, OPENCLAW_GATEWAY_TOKEN: token },
  });
  // With a config, 2026.4.5 loads all plugins, which uses half a minute of CPU time.
  const whole = JSON.stringify({ plugins: { enabled: false }, ...JSON5.parse<object>(fragment) });
  await writeFile(join(path, ".openclaw", "openclaw.json"), whole);
}
