import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startGateway, type Gateway } from "../gateway.ts";
import { installOpenClaw } from "../openclaw.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess, type ShimProcess } from "../shim-process.ts";
import type { Namespace } from "./network.ts";
import { GATEWAY_PORT, openTopology, SHIM_PORT, type Topology } from "./topology.ts";

const HOST = "10.231.0.1";
const NEIGHBOUR = "10.231.0.2";
const CERTIFICATE = join(".openclaw", "gateway", "tls", "gateway-cert.pem");

describe.each(chosenVersions())("openclaw %s with bind lan and its own certificate", (version) => {
  let topology: Topology;
  let host: Namespace;
  let neighbour: Namespace;
  let gateway: Gateway;
  let fingerprint: string;
  beforeAll(async () => {
    topology = await openTopology();
    host = await topology.network.namespace("host");
    neighbour = await topology.network.namespace("neighbour");
    await topology.network.link([host, `${HOST}/24`], [neighbour, `${NEIGHBOUR}/24`]);
    gateway = await startGateway(await installOpenClaw(version), {
      namespace: host.name,
      port: GATEWAY_PORT,
      config: {
        bind: "lan",
        controlUi: { allowedOrigins: [`https://127.0.0.1:${GATEWAY_PORT}`] },
        tls: { enabled: true },
      },
    });
    fingerprint = await printedFingerprint(join(gateway.home.path, CERTIFICATE));
  });
  afterAll(async () => {
    await gateway?.close();
    await topology?.close();
  });

  const startShim = async (url: string, args: readonly string[] = []): Promise<ShimProcess> => {
    const shim = await startShimProcess(url, ["--allow-from", NEIGHBOUR, ...args], {
      listen: [`${HOST}:${SHIM_PORT}`],
      namespace: host.name,
    });
    onTestFinished(() => shim.close());
    return shim;
  };
  const wss = `wss://127.0.0.1:${GATEWAY_PORT}`;
  const page = `http://${HOST}:${SHIM_PORT}/health`;

  it("does not pair a neighbour, which is not a local client", async () => {
    const url = `wss://${HOST}:${GATEWAY_PORT}`;
    const ws = { rejectUnauthorized: false };
    const result = await topology.tools.connect(neighbour, { url, token: gateway.token, ws });
    expect(result).toMatchObject({ ok: false, error: { code: "NOT_PAIRED" }, close: { code: 1008 } });
  });

  it("pairs it through a shim that pins the certificate, and responds to HTTP", async () => {
    const shim = await startShim(wss, ["--gateway-fingerprint", fingerprint]);

    const result = await topology.tools.connect(neighbour, { url: shim.url, token: gateway.token });

    expect(result).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", peer: NEIGHBOUR });
    expect(await topology.tools.get(neighbour, page)).toMatchObject({ status: 200 });
  });

  it.each([
    ["another pin", wss, ["--gateway-fingerprint", `sha256:${"0".repeat(64)}`], "CERT_FINGERPRINT_MISMATCH"],
    ["no pin", wss, [], "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["ws:// in --gateway", wss.replace("wss", "ws"), [], "EOF"],
  ])("is unreachable with %s: the log has the reason and the fix", async (_what, url, args, reason) => {
    const shim = await startShim(url, args);

    const result = await topology.tools.connect(neighbour, { url: shim.url, token: gateway.token });

    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable", reason });
    expect(outcome.fix).toMatch(/--gateway-fingerprint|write wss:/);
    const body = expect.stringContaining(JSON.stringify(outcome.fix));
    expect(result).toMatchObject({ ok: false, http: { status: 502, body } });
    expect(await topology.tools.get(neighbour, page)).toMatchObject({ status: 502, body });
  });
});

/** Returns the fingerprint as openssl prints it, with colons and capitals. */
async function printedFingerprint(certificate: string): Promise<string> {
  const args = ["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"];
  const { stdout } = await promisify(execFile)("openssl", args, { timeout: 10_000 });
  return stdout.trim().replace(/^.*=/, "sha256:");
}
