import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { shellCommand } from "../../../src/errors.ts";
import { createDevice, type Device } from "../../../src/openclaw/device.ts";
import type { HandshakeOptions, HandshakeResult } from "../../support/client.ts";
import { runCli } from "../cli.ts";
import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions, NEWEST } from "../releases.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import { BRIDGE, CONTAINER } from "./docker-host.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const LOCAL = `ws://127.0.0.1:${GATEWAY_PORT}`;
const NOT_PAIRED = { ok: false, error: { details: { reason: "not-paired" } } };
const FORWARDED = { url: LOCAL, headers: { "X-Forwarded-For": "203.0.113.7" } };

/** How a stale request arises on this release: `gateway`'s settings, and the first attempt (docs/gateway.md section 2). */
const ORIGINS: readonly (readonly [
  what: string,
  settings: Readonly<Record<string, unknown>>,
  from: "host" | "container",
  first: Pick<HandshakeOptions, "url" | "headers">,
])[] = [
  [
    "trustedProxies covers loopback and a proxy adds a public address",
    { trustedProxies: ["127.0.0.1", "::1"] },
    "host",
    FORWARDED,
  ],
  [
    "the gateway has bind: lan and is reached over a bridge",
    { bind: "lan", controlUi: { allowedOrigins: ["http://127.0.0.1"] } },
    "container",
    { url: `ws://${BRIDGE}:${GATEWAY_PORT}` },
  ],
];

describe.runIf(chosenVersions().includes(NEWEST)).each(ORIGINS)(
  `a stale request on openclaw ${NEWEST}, if %s,`,
  (_, settings, from, first) => {
    let topology: Topology;
    let host: Namespace;
    let gateway: Gateway;
    let attemptTwice: (device: Device) => Promise<HandshakeResult[]>;
    beforeAll(async () => {
      topology = await openTopology();
      const { network, tools } = topology;
      host = await network.namespace("host");
      const container = await network.namespace("container");
      await network.bridge([host, `${BRIDGE}/24`], [[container, `${CONTAINER}/24`]]);
      gateway = await startGateway(await installOpenClaw(NEWEST), {
        namespace: host.name,
        port: GATEWAY_PORT,
        config: settings,
      });
      const { token } = gateway;
      attemptTwice = async (device) => [
        await tools.connect({ host, container }[from], { ...first, token }, device),
        await tools.connect(host, { url: LOCAL, token }, device),
      ];
      return async () => {
        await gateway.close();
        await topology.close();
      };
    });

    const startShim = async (args: readonly string[] = []): Promise<ShimProcess> => {
      const shim = await startShimProcess(LOCAL, args, {
        listen: [`127.0.0.1:${SHIM_PORT}`],
        namespace: host.name,
      });
      onTestFinished(() => shim.close());
      return shim;
    };
    const through = ({ url }: ShimProcess, device: Device): Promise<HandshakeResult> =>
      topology.tools.connect(host, { url, token: gateway.token }, device);

    it("is named in the outcome, whose command lets the client connect", async () => {
      const device = createDevice();
      // The second attempt is local, and refused all the same.
      expect(await attemptTwice(device)).toMatchObject([NOT_PAIRED, NOT_PAIRED]);
      const shim = await startShim();

      expect(await through(shim, device)).toMatchObject({ ok: false });
      const { outcome, reason, fix, command, requestId } = await shim.outcome();
      expect([outcome, reason, command]).toEqual([
        "pairing-required",
        "not-paired",
        shellCommand("approve-device", requestId),
      ]);
      expect(fix).toMatch(/stale if its first attempt was not local.*--approve seen/);

      const [, args = ""] = (command ?? "").split(" openclaw ");
      const approved = await runCli(gateway.openclaw, gateway.home, args.split(" "), {
        namespace: host.name,
      });
      expect(approved, approved.output).toMatchObject({ code: 0 });
      expect(await through(shim, device)).toMatchObject({ ok: true });
    });

    it("is repaired by --approve seen", async () => {
      const device = createDevice();
      expect(await attemptTwice(device)).toMatchObject([NOT_PAIRED, NOT_PAIRED]);
      const tokenFile = join(gateway.home.path, "token");
      await writeFile(tokenFile, gateway.token, { mode: 0o600 });
      const shim = await startShim(["--approve", "seen", "--token-file", tokenFile]);
      await shim.event("approver.up");

      expect(await through(shim, device)).toMatchObject({ ok: true });
      expect(await shim.event("rejected", device.id)).toMatchObject({ deviceId: device.id });
    });
  },
);
