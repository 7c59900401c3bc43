import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../../src/openclaw/device.ts";
import { startFakeGateway } from "../../fake-gateway/server.ts";
import { handshake } from "../../support/client.ts";
import { freePort } from "../../support/raw.ts";
import { startDaemon } from "../daemon.ts";

const RULES = join(import.meta.dirname, "../../../docs/prometheus-rules.yml");
const POLL = { timeout: 60_000, interval: 500 };

type Sample = Readonly<{ metric: Readonly<Record<string, string>>; value: readonly [number, string] }>;
type Alert = Readonly<{ labels: Readonly<Record<string, string>>; state: string }>;

/** Starts Debian's Prometheus, which scrapes a target every second; ends it after the test. */
async function startPrometheus(target: string) {
  const folder = mkdtempSync(join(tmpdir(), "shim-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [RULES],
    scrape_configs: [{ job_name: "openclaw-shim", static_configs: [{ targets: [target] }] }],
  };
  const file = join(folder, "prometheus.yml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const port = await freePort();
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn("prometheus", flags, { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async <T>(path: string, name: string): Promise<readonly T[]> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
    const { data } = ((await response?.json().catch(() => undefined)) ?? {}) as {
      readonly data?: Readonly<Record<string, readonly T[]>>;
    };
    return data?.[name] ?? [];
  };
  return {
    /** Returns the values of an expression. */
    async values(expression: string): Promise<number[]> {
      const samples = await ask<Sample>(`query?query=${encodeURIComponent(expression)}`, "result");
      return samples.map(({ value }) => Number(value[1]));
    },
    /** Returns the alerts that are pending or firing, as `name: state`. */
    async alerts(): Promise<string[]> {
      const alerts = await ask<Alert>("alerts", "alerts");
      return alerts.map(({ labels, state }) => `${labels["alertname"]}: ${state}`);
    },
  };
}

it("promtool finds nothing wrong in the metrics, and the alert rules pass their tests", async () => {
  const port = await freePort();
  await startDaemon(await freePort(), ["--metrics-listen", `127.0.0.1:${port}`]);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const check = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  for (const stream of [check.stdout, check.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  check.stdin.end(text);
  expect([...(await once(check, "close")), said]).toEqual([0, null, ""]);
  const promtool = promisify(execFile);
  await promtool("promtool", ["check", "rules", RULES]);
  await promtool("promtool", ["test", "rules", join(import.meta.dirname, "rules.test.yml")]);
});

it("Prometheus scrapes a shim, and alerts if clients are refused, log lines are lost or the gateway is down", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  let isOpen = true;
  const closeGateway = async (): Promise<void> => {
    if (isOpen) await gateway.close();
    isOpen = false;
  };
  onTestFinished(closeGateway);
  const port = await freePort();
  const daemon = await startDaemon(gateway.port, ["--metrics-listen", `127.0.0.1:${port}`], {
    stdout: "pipe",
  });
  const prometheus = await startPrometheus(`127.0.0.1:${port}`);
  await expect.poll(() => prometheus.values("openclaw_shim_gateway_up"), POLL).toEqual([1]);
  expect(await prometheus.values('up{job="openclaw-shim"}')).toEqual([1]);
  expect(await prometheus.values("time() - process_start_time_seconds < 600")).toHaveLength(1);
  expect(await prometheus.values('openclaw_shim_build_info{version!=""}')).toEqual([1]);
  expect(await prometheus.alerts()).toEqual([]);

  const url = `ws://127.0.0.1:${daemon.port}`;
  await handshake({ url, token: "t", device: createDevice() });
  const connected = 'openclaw_shim_outcomes_total{outcome="connected",reason=""}';
  await expect.poll(() => prometheus.values(connected), POLL).toEqual([1]);
  expect(await prometheus.alerts()).toEqual([]);

  await handshake({ url, token: "wrong", device: createDevice() });
  await expect.poll(() => prometheus.alerts(), POLL).toContain("OpenClawClientsRefused: firing");

  // From here on nobody reads the log.
  daemon.child.stdout?.destroy();
  const lost = async (): Promise<string[]> => {
    await fetch(`${url.replace("ws", "http")}/__shim__/nothing`);
    return prometheus.alerts();
  };
  await expect.poll(lost, POLL).toContain("OpenClawShimLogLinesLost: firing");
  expect(await prometheus.values("openclaw_shim_denied_requests_total > 0")).toHaveLength(1);

  await closeGateway();
  await expect.poll(() => prometheus.alerts(), POLL).toContain("OpenClawGatewayDown: pending");
  expect(await prometheus.values("openclaw_shim_gateway_up")).toEqual([0]);
  expect(await prometheus.values('up{job="openclaw-shim"}')).toEqual([1]);
});
