import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { holds } from "../../src/openclaw/releases.ts";
import { OPERATOR_SCOPES } from "../../src/openclaw/scopes.ts";
import { fieldsOf } from "../../src/text/json.ts";
import { handshake, type HandshakeOptions } from "../support/client.ts";
import { openBrowserPage } from "./browser.ts";
import { runCli, type CliResult } from "./cli.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

const READ = ["operator.read"];
const REASON = "--max-scopes: operator.admin is not allowed";
const JOB = {
  name: "Silly Joke",
  schedule: { kind: "every", everyMs: 300_000 },
  sessionTarget: "main",
  wakeMode: "now",
  payload: { kind: "systemEvent", text: "joke" },
};
const CLIENTS: readonly (readonly [what: string, options: Partial<HandshakeOptions>])[] = [
  ["a CLI", {}],
  ["a backend", { client: { id: "gateway-client", mode: "backend" } }],
  ["a Control UI", { client: { id: "openclaw-control-ui", mode: "webchat" }, origin: "http://127.0.0.1:1" }],
];

describe.each(chosenVersions())("openclaw %s behind --max-scopes operator.read", (version) => {
  const limits = holds("scopeCeilingHeader", version);
  let gateway: Gateway;
  let shim: ShimProcess;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version), {
      // The oldest release accepts no other page's origin.
      config: { controlUi: { allowedOrigins: ["http://127.0.0.1:1"] } },
    });
    shim = await startShimProcess(gateway.url, ["--max-scopes", "operator.read"]);
    return async () => {
      await shim.close();
      await gateway.close();
    };
  });

  const connect = (options: Partial<HandshakeOptions>): ReturnType<typeof handshake> =>
    handshake({ url: shim.url, token: gateway.token, device: createDevice(), ...options });

  /** Runs `openclaw cron …` through the shim; it is OpenClaw's own CLI. */
  const cron = (...args: readonly string[]): Promise<CliResult> =>
    runCli(gateway.openclaw, gateway.home, ["cron", ...args, "--url", shim.url, "--token", gateway.token]);

  it.each(CLIENTS)("lets %s that requests operator.read list jobs, but add none", async (_what, options) => {
    const { session } = {
      session: undefined,
      ...(await connect({ scopes: READ, keepOpen: true, ...options })),
    };
    onTestFinished(() => session?.close());
    expect(await session?.request("cron.list")).toHaveProperty("jobs");
    await expect(session?.request("cron.add", JOB)).rejects.toThrow("missing scope: operator.admin");
    await expect(session?.request("connect", { scopes: OPERATOR_SCOPES })).rejects.toThrow("operator.admin");
  });

  it.each(CLIENTS)("limits or ends %s that requests every scope", async (_what, options) => {
    const result = await connect({ scopes: OPERATOR_SCOPES, keepOpen: true, ...options });
    if (!limits) {
      expect(result).toMatchObject({ ok: false, close: { code: 1008, reason: REASON } });
      return;
    }
    const { session } = { session: undefined, ...result };
    onTestFinished(() => session?.close());
    expect(result).toMatchObject({ ok: true, hello: { auth: { scopes: READ } } });
    expect(await session?.request("cron.list")).toHaveProperty("jobs");
    await expect(session?.request("cron.add", JOB)).rejects.toThrow("missing scope: operator.admin");
  });

  it.each([
    ["requests every scope", OPERATOR_SCOPES, {}],
    ["names no scopes", [], { amend: (params: object) => ({ ...params, scopes: undefined }) }],
  ])(
    "limits or ends a device that %s with the token of an earlier pairing",
    async (_what, scopes, options) => {
      const device = createDevice();
      const direct = { url: gateway.url, token: gateway.token, device, scopes: OPERATOR_SCOPES };
      const paired = await handshake(direct);
      const deviceToken = String(fieldsOf(fieldsOf(paired.ok && paired.hello)["auth"])["deviceToken"]);
      const result = await handshake({
        url: shim.url,
        device,
        scopes,
        deviceToken,
        keepOpen: true,
        ...options,
      });
      const { session } = { session: undefined, ...result };
      onTestFinished(() => session?.close());
      if (!result.ok) expect(result.close?.reason).toMatch(/^--max-scopes: |invalid connect params/);
      else await expect(session?.request("cron.add", JOB)).rejects.toThrow("missing scope: operator.admin");
    },
  );

  it("lets a node connect", async () => {
    const client = { id: "node-host", mode: "node" };
    expect(await connect({ role: "node", scopes: [], client })).toMatchObject({ ok: true });
  });

  it("lets OpenClaw's own CLI list jobs where the gateway limits it, and never add one", async () => {
    const list = await cron("list");
    const add = await cron("add", "--name", "Silly Joke", "--every", "5m", "--system-event", "joke");
    expect([list.code === 0, add.code === 0]).toEqual([limits, false]);
    expect(add.output).toContain(limits ? "missing scope: operator.admin" : REASON);
    if (!limits) {
      expect(list.output).toContain(REASON);
      expect(await shim.event("pairing.outcome", '"denied"')).toMatchObject({ reason: "scope_ceiling" });
    }
  });

  it("refuses a route that gives a bearer token every scope, and forwards the Control UI's files", async () => {
    const ask = async (port: number, method: string, path: string, body?: string): Promise<number> => {
      const headers = { Authorization: `Bearer ${gateway.token}`, "Content-Type": "application/json" };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers,
        ...(body && { body }),
      });
      await response.arrayBuffer();
      return response.status;
    };
    const call = JSON.stringify({ tool: "sessions_list", args: {} });
    expect(await ask(gateway.port, "POST", "/tools/invoke", call)).toBe(200);
    expect(await ask(shim.port, "POST", "/tools/invoke", call)).toBe(403);
    for (const path of [
      "/",
      "/health",
      "/readyz",
      "/favicon.svg",
      "/control-ui-config.json",
      "/__openclaw/control-ui-config.json",
    ]) {
      expect([path, await ask(shim.port, "GET", path)]).toEqual([path, await ask(gateway.port, "GET", path)]);
    }
  });

  it.runIf(limits)("lets the Control UI in Chromium load and connect", async () => {
    const browser = await openBrowserPage();
    onTestFinished(() => browser.close());
    await browser.page.goto(`http://127.0.0.1:${shim.port}/#token=${gateway.token}`);
    expect(
      await shim.event("pairing.outcome", 'openclaw-control-ui","mode":"webchat","version":"2026'),
    ).toMatchObject({
      outcome: "connected",
      grantedScopes: expect.not.arrayContaining(["operator.admin"]),
    });
    // A page that the browser requests again.
    await browser.page.waitForURL(/\/chat/);
    const again = await browser.page.reload();
    expect(again?.status()).toBe(200);
    const refused = shim.log.filter(
      (line) => line.includes('"request.denied"') && !line.includes("/tools/invoke"),
    );
    expect(refused).toEqual([]);
  });
});
