import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { runCli } from "../gateway/cli.ts";
import { createHome } from "../gateway/home.ts";
import { installOpenClaw, type OpenClaw } from "../gateway/openclaw.ts";
import { freePort } from "../gateway/ports.ts";
import { chosenVersions } from "../gateway/releases.ts";
import { VERCEL_HEADERS, VERCEL_HOST } from "../gateway/vercel-proxy.ts";
import { podman, ROOT } from "../release/release.ts";
import {
  CRON_LIST,
  execute,
  follow,
  healthUntil,
  inContainer,
  makeNetwork,
  TOKEN,
  type Ended,
} from "./engine.ts";
import { imageOf } from "./images.ts";

const RECIPE = join(ROOT, "microvm/compose.yaml");
const BRIDGE = join(ROOT, "microvm/compose.bridge.yaml");
const BUNDLE = join(ROOT, "dist/openclaw-shim.mjs");
const PROJECT = `openclaw-shim-test-${process.pid}`;
const GATEWAY = `${PROJECT}_openclaw-gateway_1`;
const SHIM = `${PROJECT}_openclaw-shim_1`;
const REFUSED = /pairing required|device identity required|proxy_attribution_required|403|missing scope/i;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openclaw-shim-compose-"));
  const proxy = join(ROOT, "test/gateway/topology/inside/injecting-proxy.ts");
  await bundleProgram(proxy, join(folder, "proxy.mjs"), "1.2.3");
  await execute(["chmod", "-R", "a+rX", folder]);
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(chosenVersions())("compose.yaml with OpenClaw %s", (version) => {
  const image = imageOf(version);
  let openclaw: OpenClaw;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
  });

  /** Starts the services of these files, and removes them after the test. */
  const up = async (files: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const compose = (...command: string[]): Promise<Ended> =>
      execute(
        [
          "podman-compose",
          `--podman-path=${join(import.meta.dirname, "podman")}`,
          `--project-name=${PROJECT}`,
          ...files.flatMap((file) => ["--file", file]),
          ...command,
        ],
        { OPENCLAW_IMAGE: image, OPENCLAW_GATEWAY_TOKEN: TOKEN, ...env },
      );
    onTestFinished(async () => {
      await compose("down", "--timeout", "0", "--volumes");
    });
    // podman-compose 1.0.3 ignores profiles: it would start `tool`, too.
    const started = await compose("up", "--detach", "openclaw-gateway", "openclaw-shim");
    expect(started).toMatchObject({ code: 0 });
    return compose;
  };
  /** Starts a proxy in the gateway's namespace, as in front of a MicroVM. Returns its URL. */
  const proxyFor = async (port: number): Promise<string> => {
    const options = { target: { host: "127.0.0.1", port }, host: VERCEL_HOST, headers: VERCEL_HEADERS };
    const name = `${PROJECT}-proxy-${port}`;
    const run = ["run", "--detach", "--rm", `--name=${name}`, `--network=container:${GATEWAY}`];
    const setting = `--env=INJECTING_PROXY=${JSON.stringify(options)}`;
    await podman(...run, setting, `--volume=${folder}:/test:ro`, image, "node", "/test/proxy.mjs");
    onTestFinished(async () => void (await podman("rm", "--force", "--time=0", name)));
    return follow(name).line("ws://");
  };
  const cli = (options: readonly string[], url: string): Promise<Ended> =>
    inContainer(image, options, [...CRON_LIST, "--url", url, "--token", TOKEN]);

  it("the shim's container is healthy while the gateway boots; a tool in its namespace connects", async () => {
    const compose = await up([RECIPE]);
    const log = follow(SHIM);
    await log.event("listening");
    const pid = (await podman("inspect", "--format={{.State.Pid}}", SHIM)).trim();
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Uid:\s+1000\s+1000\s/m);
    expect(await execute(["podman", "exec", SHIM, "touch", "/opt/file"])).toMatchObject({
      output: expect.stringContaining("Read-only file system"),
    });
    const ready = ["podman", "exec", SHIM, "node", "/opt/health.mjs", "ready"] as const;
    expect(await execute(ready)).toMatchObject({ code: 1 });
    expect(await healthUntil(SHIM, log.event("gateway.up"))).toEqual(new Set(["healthy"]));
    expect(await execute(ready)).toMatchObject({ code: 0 });

    // Its command in the file. A release may refuse clients while it starts: the CLI retries, or runs again.
    await expect
      .poll(() => compose("run", "--no-deps", "--rm", "-T", "tool"), { timeout: 120_000 })
      .toMatchObject({ output: expect.stringMatching(/exit code: 0/) });
    expect(await log.event("pairing.outcome", '"connected"')).toMatchObject({
      client: { id: "cli" },
      peer: "127.0.0.1",
    });

    const namespace = [`--network=container:${GATEWAY}`];
    const [direct, through] = await Promise.all([
      cli(namespace, await proxyFor(18789)),
      cli(namespace, await proxyFor(18788)),
    ]);
    expect(direct.code).not.toBe(0);
    expect(direct.output).toMatch(REFUSED);
    expect(through).toMatchObject({ code: 0 });
    expect(await log.event("pairing.outcome", VERCEL_HOST)).toMatchObject({ outcome: "connected" });
  });

  it("compose.bridge.yaml lets in the CLI of another container, and of this machine", async () => {
    const [shimPort, gatewayPort] = [await freePort(), await freePort()];
    // podman-compose 1.0.3 ignores `ipam`.
    const network = `${PROJECT}_openclaw`;
    onTestFinished(await makeNetwork(network, "10.213.0.0/24"));
    // Without the shim: the gateway itself on the bridge, and published.
    const direct = join(folder, "direct.yaml");
    const services = { "openclaw-gateway": { ports: [`127.0.0.1:${gatewayPort}:18789`] } };
    // JSON is YAML.
    await writeFile(direct, JSON.stringify({ services }));
    await up([RECIPE, BRIDGE, direct], {
      OPENCLAW_GATEWAY_BIND: "lan",
      OPENCLAW_SHIM_PORT: String(shimPort),
      // The CLI of older releases asks for everything.
      ...(!openclaw.release.innerToolsConnect ? {} : { OPENCLAW_SHIM_MAX_SCOPES: "operator.admin" }),
    });
    const log = follow(SHIM);
    await log.event("gateway.up");

    const fromContainer = (port: number): Promise<Ended> => {
      const url = `ws://openclaw-gateway:${port}`;
      if (version !== "2026.2.19") {
        const insecure = "--env=OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1";
        return cli([`--network=${network}`, insecure], url);
      }
      // Its CLI accepts no ws:// URL beyond loopback: a shim in the tool's container.
      const through = ["node", "/shim.mjs", "exec", "--allow-remote-gateway", "--gateway", url, "--"];
      return inContainer(
        image,
        [`--network=${network}`, `--volume=${BUNDLE}:/shim.mjs:ro`],
        [...through, ...CRON_LIST],
      );
    };
    const fromHost = async (port: number): Promise<Ended> => {
      const home = await createHome();
      onTestFinished(() => home.remove());
      const url = ["--url", `ws://127.0.0.1:${port}`, "--token", TOKEN];
      return runCli(openclaw, home, [...CRON_LIST.slice(1), ...url], { deadlineMs: 120_000 });
    };

    for (const [from, without, withShim] of [
      [fromContainer, 18789, 18788],
      [fromHost, gatewayPort, shimPort],
    ] as const) {
      const refused = await from(without);
      expect(refused.code).not.toBe(0);
      expect(refused.output).toMatch(REFUSED);
      expect(await from(withShim)).toMatchObject({ code: 0 });
    }
    expect(await log.event("pairing.outcome", '"connected"')).toMatchObject({ client: { id: "cli" } });
    // This machine is the network's first address.
    expect(await log.event("pairing.outcome", '"peer":"10.213.0.1"')).toMatchObject({ outcome: "connected" });
  });
});
