import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NEWEST } from "../gateway/releases.ts";
import { podman } from "../release/release.ts";
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
import { BASE, imageOf } from "./images.ts";
import { playPod, POD, SHIM } from "./pod.ts";

const GATEWAY_IMAGE = imageOf(NEWEST);
/** The subnet of kubernetes.bridge.yaml. */
const PODS = "10.244.0.0/16";
const NETWORK = `openclaw-shim-test-${process.pid}`;
const PROMETHEUS = `${NETWORK}-prometheus`;
const TOOL_POD = `${NETWORK}-tool`;

let folder: string;
let removeNetwork: () => Promise<void>;
let removePod: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openclaw-shim-pod-"));
  removeNetwork = await makeNetwork(NETWORK, PODS);
  removePod = await playPod(["kubernetes.bridge.yaml", "kubernetes.yaml"], NETWORK);
});
afterAll(async () => {
  await removePod();
  await podman("pod", "rm", "--force", "--ignore", "--time=0", TOOL_POD, PROMETHEUS);
  await removeNetwork();
  await rm(folder, { recursive: true });
});

/** Runs the CLI in that pod, as a container of its own. */
function cronList(pod: string, url: string): Promise<Ended> {
  return inContainer(GATEWAY_IMAGE, [`--pod=${pod}`], [...CRON_LIST, "--url", url, "--token", TOKEN]);
}

async function addressOf(container: string): Promise<string> {
  const format = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await podman("inspect", format, container)).trim();
}

it("the shim is alive while the gateway boots; the CLI connects in the pod, and from another one", async () => {
  const log = follow(SHIM);
  expect(await healthUntil(SHIM, log.event("gateway.up"))).toEqual(new Set(["healthy"]));
  // podman has no readiness probe.
  expect(await execute(["podman", "exec", SHIM, "node", "/opt/health.mjs", "ready"])).toMatchObject({
    code: 0,
  });
  expect(await execute(["podman", "exec", SHIM, "ls", "/var/run/secrets/kubernetes.io"])).toMatchObject({
    output: expect.stringContaining("No such file"),
  });

  await expect
    .poll(() => cronList(POD, "ws://127.0.0.1:18788"), { timeout: 120_000 })
    .toMatchObject({ code: 0 });
  expect(await log.event("pairing.outcome", '"connected"')).toMatchObject({ peer: "127.0.0.1" });

  const address = await addressOf(`${POD}-infra`).catch(() => addressOf(SHIM));
  await podman("pod", "create", `--network=${NETWORK}`, TOOL_POD);
  const [direct, through] = await Promise.all(
    [18789, 18788].map((port) => cronList(TOOL_POD, `ws://${address}:${port}`)),
  );
  expect(direct).toMatchObject({ output: expect.stringContaining("ECONNREFUSED") });
  expect(through).toMatchObject({ code: 0 });
  expect(await log.event("pairing.outcome", '"peer":"10.244.')).toMatchObject({
    outcome: "connected",
    client: { id: "cli" },
  });
});

it("Prometheus in another pod scrapes the shim", async () => {
  const target = `${await addressOf(`${POD}-infra`).catch(() => addressOf(SHIM))}:9464`;
  const scrape = { job_name: "openclaw-shim", static_configs: [{ targets: [target] }] };
  const config = { global: { scrape_interval: "1s" }, scrape_configs: [scrape] };
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  await execute(["chmod", "-R", "a+rX", folder]);
  await podman("pod", "create", `--network=${NETWORK}`, PROMETHEUS);
  const files = [`--volume=${folder}:/test:ro`, "--volume=/usr/bin/prometheus:/usr/bin/prometheus:ro"];
  const flags = ["--config.file=/test/prometheus.yml", "--storage.tsdb.path=/tmp/prometheus"];
  await podman(
    "run",
    "--detach",
    `--pod=${PROMETHEUS}`,
    `--name=${PROMETHEUS}-1`,
    ...files,
    BASE,
    "prometheus",
    ...flags,
  );
  const api = `http://${await addressOf(`${PROMETHEUS}-1`)}:9090/api/v1/query?query=`;
  const query = async (expression: string): Promise<string> => {
    const response = await fetch(api + encodeURIComponent(expression)).catch(() => undefined);
    return (await response?.text()) ?? "";
  };
  await expect.poll(() => query("openclaw_shim_gateway_up == 1"), { timeout: 60_000 }).toContain(target);
  const connected = 'sum(openclaw_shim_outcomes_total{outcome="connected"}) >= 2';
  await expect.poll(() => query(connected), { timeout: 60_000 }).toContain('"value"');
});
