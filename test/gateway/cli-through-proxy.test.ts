import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "./cli.ts";
import type { CliResult } from "./cli.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { startVercelProxy, VERCEL_HEADERS, VERCEL_HOST } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

const CRON_ADD = ["cron", "add", "--name", "Silly Joke", "--every", "5m", "--system-event", "joke", "--json"];
const JOB = { name: "Silly Joke", enabled: true, schedule: { kind: "every", everyMs: 300_000 } };

describe.each(chosenVersions())("openclaw %s's CLI behind a header-injecting proxy", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    return () => gateway.close();
  });

  const cronAdd = async (url: string): Promise<CliResult> => {
    const home = await createHome();
    onTestFinished(() => home.remove());
    return runCli(gateway.openclaw, home, [...CRON_ADD, "--url", url, "--token", gateway.token]);
  };

  it("is refused without the shim", async () => {
    const { code, output } = await cronAdd(await proxyTo(gateway.port));

    expect(output).toMatch(/proxy_attribution_required|pairing required/);
    expect(code).toBe(1);
  });

  it("adds its cron job through the shim, which reports the deleted headers", async () => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());

    const result = await cronAdd(await proxyTo(shim.port));

    expect(result).toMatchObject({ code: 0, json: JOB });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "connected",
      client: { id: "cli", mode: "cli", version: gateway.openclaw.release.name ?? version },
      gateway: { version: gateway.openclaw.release.name ?? version },
      normalized: { host: { from: VERCEL_HOST, to: `127.0.0.1:${gateway.port}` } },
      publicForwarded: true,
    });
    const stripped = Object.keys(outcome.normalized.stripped).map((name) => name.toLowerCase());
    expect(stripped).toEqual(expect.arrayContaining(VERCEL_HEADERS.map(([name]) => name.toLowerCase())));
    expect(shim.log.join("\n")).not.toContain(gateway.token);
  });
});

async function proxyTo(port: number): Promise<string> {
  const proxy = await startVercelProxy(port);
  onTestFinished(() => proxy.close());
  return proxy.url;
}
