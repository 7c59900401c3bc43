import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { InjectingProxy } from "../support/header-injecting-proxy.ts";
import { runCli } from "./cli.ts";
import { startVercelProxy } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import type { OpenClaw } from "./openclaw.ts";
import { runPrePair, startPrePairedGateway } from "./pre-paired.ts";
import type { PrePairedGateway } from "./pre-paired.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";
import type { ShimProcess } from "./shim-process.ts";

const CRON_ADD = "cron add --every 5m --system-event joke --json".split(" ").concat("--name", "Silly Joke");
/** In some releases, the first run in a home compiles plugins. */
const CLI_MS = 110_000;
/** Responds to forwarding headers with 403 before it checks pairing, and pairs local devices unless configured otherwise. */
const REFUSES_PROXIES = new Set(["2026.9.6"]);
const APPROVES_NONE = { nodes: { pairing: { autoApproveLocal: false } } };

describe.each(chosenVersions())("openclaw %s, first started after pre-pair", (version) => {
  let openclaw: OpenClaw;
  let gateway: PrePairedGateway;
  let shim: ShimProcess;
  let proxy: InjectingProxy;
  beforeAll(async () => {
    openclaw = await installOpenClaw(version);
    const config = REFUSES_PROXIES.has(version) ? APPROVES_NONE : {};
    gateway = await startPrePairedGateway(openclaw, ["--role", "operator", "--role", "node"], { config });
    shim = await startShimProcess(gateway.url);
    proxy = await startVercelProxy(REFUSES_PROXIES.has(version) ? shim.port : gateway.port);
  });
  afterAll(async () => {
    await proxy.close();
    await shim.close();
    await gateway.close();
  });

  // On this path the gateway accepts known devices only: it is not local, or local devices need approval, too.
  const connect = (options: Partial<HandshakeOptions>): Promise<HandshakeResult> =>
    handshake({ url: proxy.url, token: gateway.token, ...options });

  it("accepts the prepared device at its first connection, through a header-injecting proxy", async () => {
    const result = await connect({ device: gateway.device, scopes: ["operator.admin", "operator.write"] });

    expect(result).toMatchObject({
      ok: true,
      hello: { auth: { role: "operator", deviceToken: expect.any(String) } },
    });
  });

  it("refuses another device on the same path", async () => {
    const result = await connect({ device: createDevice() });

    expect(result).toMatchObject({ ok: false, error: { code: "NOT_PAIRED" } });
  });

  it("accepts it with any platform, and as a node", async () => {
    const operator = await connect({
      device: gateway.device,
      client: { platform: "darwin", deviceFamily: "Mac" },
    });
    const node = await connect({
      device: gateway.device,
      role: "node",
      scopes: [],
      client: { id: "node-host", mode: "node" },
    });

    expect(operator).toMatchObject({ ok: true });
    expect(node).toMatchObject({ ok: true });
  });

  it.each(["directly", "through a proxy and the shim"])("runs OpenClaw's own CLI %s", async (route) => {
    const cliProxy = await startVercelProxy(shim.port);
    const url = route === "directly" ? gateway.url : cliProxy.url;

    const args = [...CRON_ADD, "--url", url, "--token", gateway.token];
    const { code, json, output } = await runCli(openclaw, gateway.home, args, { deadlineMs: CLI_MS });
    await cliProxy.close();

    expect({ code, json, output }).toMatchObject({ code: 0, json: { name: "Silly Joke" } });
  });

  it("paired no other device, and needed no approval", async () => {
    const args = ["devices", "list", "--json", "--url", gateway.url, "--token", gateway.token];
    const { json, output } = await runCli(openclaw, gateway.home, args, { deadlineMs: CLI_MS });

    expect({ json, output }).toMatchObject({
      json: { paired: [{ deviceId: gateway.device.id, roles: ["operator", "node"] }] },
    });
    expect(gateway.log.join("\n")).not.toMatch(/auto-approved/);
  });

  it("makes pre-pair refuse while it is running", async () => {
    const { code, output } = await runPrePair(gateway.home, ["--scope", "operator.approvals"]);

    expect(code).toBe(1);
    expect(output).toMatch(
      REFUSES_PROXIES.has(version) ? /openclaw\.sqlite exists/ : /the gateway with pid \d+ uses/,
    );
  });
});
