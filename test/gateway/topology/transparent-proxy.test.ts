import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { FORWARDING_HEADERS, type Header } from "../../support/header-injecting-proxy.ts";
import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const SANDBOX = "10.231.0.2";
const PROXY = "10.231.0.1";

// NVIDIA/NemoClaw #7215: gateway and tools share a sandbox. A tool's connection to the sandbox's own address is redirected
// to a proxy at the other end of the veth pair, and arrives from its address, with the tool's token.
describe.each(chosenVersions())("openclaw %s behind a proxy at the other end of the veth pair", (version) => {
  let topology: Topology;
  let sandbox: Namespace;
  let proxy: Namespace;
  let gateway: Gateway;
  beforeAll(async () => {
    topology = await openTopology();
    sandbox = await topology.network.namespace("sandbox");
    proxy = await topology.network.namespace("proxy");
    await topology.network.link([sandbox, `${SANDBOX}/24`], [proxy, `${PROXY}/24`]);
    gateway = await startGateway(await installOpenClaw(version), {
      namespace: sandbox.name,
      port: GATEWAY_PORT,
      config: { bind: "lan", controlUi: { allowedOrigins: [`http://127.0.0.1:${GATEWAY_PORT}`] } },
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await topology?.close();
  });

  /** Connects a tool through the proxy to a port of the sandbox; the proxy does not change Host. */
  const connect = async (port: number, headers: readonly Header[]): Promise<unknown> => {
    const target = { host: SANDBOX, port };
    const url = await topology.tools.injectingProxy(proxy, { target, headers, listenHost: PROXY });
    const Host = `${SANDBOX}:${port}`;
    return topology.tools.connect(sandbox, { url, token: gateway.token, headers: { Host } });
  };

  it.each([
    ["adds nothing", [], {}],
    ["adds forwarding headers", FORWARDING_HEADERS, { "x-forwarded-for": "203.0.113.7" }],
  ])("that %s: its tools are refused, and paired through the shim", async (_what, headers, stripped) => {
    expect(await connect(GATEWAY_PORT, headers)).toMatchObject({ ok: false });

    const shim = await startShimProcess(`ws://127.0.0.1:${GATEWAY_PORT}`, ["--allow-from", PROXY], {
      listen: [`${SANDBOX}:${SHIM_PORT}`],
      namespace: sandbox.name,
    });
    onTestFinished(() => shim.close());
    expect(await connect(SHIM_PORT, headers)).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({
      outcome: "connected",
      peer: PROXY,
      normalized: {
        host: { from: `${SANDBOX}:${SHIM_PORT}`, to: `127.0.0.1:${GATEWAY_PORT}` },
        stripped,
      },
    });
  });
});
