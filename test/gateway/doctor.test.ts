import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { shellCommand } from "../../src/errors.ts";
import { createDevice, identityText } from "../../src/openclaw/device.ts";
import { bundle, type Bundle } from "../commands/bundle.ts";
import { runDoctorCommand, toFix, type DoctorRun } from "../commands/doctor/run.ts";
import { runCli } from "./cli.ts";
import { knownDevices } from "./devices.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { startVercelProxy } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions, NEWEST } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

const READ = ["operator.read"];
/** Releases on which a pending request stays stale. */
const STALE = ["2026.2.19", "2026.3.23", "2026.4.5"];
/** Releases that refuse a scope upgrade. */
const REFUSES_UPGRADES = ["2026.2.19", "2026.4.5"];

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

describe.each(chosenVersions())("doctor at openclaw %s", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
  });
  afterAll(() => gateway.close());

  const doctor = (args: readonly string[] = [], env: Record<string, string> = {}): Promise<DoctorRun> =>
    runDoctorCommand(command, ["--listen", "127.0.0.1:1", ...args], { HOME: gateway.home.path, ...env });

  it("finds nothing to fix, and leaves no devices behind", async () => {
    const before = await knownDevices(gateway);

    const run = await doctor();

    expect(toFix(run)).toEqual([]);
    expect(run).toMatchObject({ code: 0, ok: true, local: true, left: [] });
    expect(await knownDevices(gateway)).toEqual(before);
    expect(run.output).not.toContain(gateway.token);
  });

  it("reports the headers and the process of a header-injecting proxy in front of the shim", async () => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    const proxy = await startVercelProxy(shim.port);
    onTestFinished(() => proxy.close());
    const before = await knownDevices(gateway);

    const run = await doctor(["--listen", `127.0.0.1:${shim.port}`, "--via", proxy.url]);

    expect(run).toMatchObject({ code: 0, left: [] });
    const [path] = run.of("path", "ok");
    expect(path?.finding).toContain("leads through the shim: local");
    expect(path?.finding).toContain("x-forwarded-for=203.0.113.7");
    expect(path?.finding).toContain("rewrites Host to sb.vercel.run");
    expect(path?.finding).toContain(`pid ${process.pid}`);
    expect(path?.finding).toContain("Vercel");
    expect(await knownDevices(gateway)).toEqual(before);
  });

  it("finds a header-injecting proxy that bypasses the shim, and leaves no devices behind", async () => {
    const proxy = await startVercelProxy(gateway.port);
    onTestFinished(() => proxy.close());
    const before = await knownDevices(gateway);

    const run = await doctor([], { OPENCLAW_GATEWAY_URL: proxy.url });

    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    expect(toFix(run)).toEqual(["tools", "path"]);
    expect(run.of("path")[0]?.finding).toContain(`pid ${process.pid}`);
    expect(run.of("path")[0]?.finding).toMatch(/x-forwarded-for=203\.0\.113\.7|forwarding headers are added/);
    expect(await knownDevices(gateway)).toEqual(before);
  });

  it("finds a wrong token and a missing token", async () => {
    const wrong = await doctor([], { OPENCLAW_GATEWAY_TOKEN: "not-the-token" });
    expect(wrong).toMatchObject({ code: 1, local: false, left: [] });
    expect(wrong.of("token")[0]?.finding).toContain("did not take OPENCLAW_GATEWAY_TOKEN");
    expect(wrong.output).not.toContain("not-the-token");

    const none = await runDoctorCommand(command, ["--gateway", gateway.url, "--listen", "127.0.0.1:1"]);
    expect(none).toMatchObject({ code: 1, local: false, left: [] });
    expect(none.of("token")[0]?.finding).toContain("no gateway token found");
  });

  it.runIf(STALE.includes(version))("finds the stale request of a device", async () => {
    const proxy = await startVercelProxy(gateway.port);
    onTestFinished(() => proxy.close());
    const device = createDevice();
    expect(await handshake({ url: proxy.url, token: gateway.token, device })).toMatchObject({ ok: false });
    const before = await knownDevices(gateway);
    const [requestId] = before.pending;

    const run = await doctor();

    expect(run).toMatchObject({ code: 1, left: [] });
    expect(toFix(run)).toEqual(["pending"]);
    const [found] = run.of("pending");
    expect(found?.finding).toContain(device.id.slice(0, 12));
    expect(found?.finding).toContain("stays refused, local or not");
    expect(found?.command).toBe(shellCommand("approve-device", requestId));
    expect(await knownDevices(gateway)).toEqual(before);
  });

  it.runIf(version === NEWEST)(
    "finds a node's commands that wait for approval, and approves them",
    async () => {
      const { url, token, openclaw, home } = gateway;
      const node = await handshake({
        url,
        token,
        device: createDevice(),
        role: "node",
        scopes: [],
        client: { id: "node-host", mode: "node", platform: "linux" },
        amend: (params) => ({ ...params, caps: ["system"], commands: ["system.run"] }),
        keepOpen: true,
      });
      if (!node.ok) throw new Error("the node was refused");
      onTestFinished(() => node.session?.close());

      const run = await doctor();

      expect(toFix(run)).toEqual(["pending"]);
      const [found] = run.of("pending");
      expect(found?.finding).toMatch(/^node-host \(node .* until they are approved: system\.run$/);
      const [, args = ""] = (found?.command ?? "").split(" openclaw ");
      const approved = await runCli(openclaw, home, args.split(" "));
      expect(approved, approved.output).toMatchObject({ code: 0 });
      expect(toFix(await doctor())).toEqual([]);
    },
  );

  it.runIf(REFUSES_UPGRADES.includes(version))("finds the scopes that a device lacks", async () => {
    const device = createDevice();
    const connect = (scopes: readonly string[]): ReturnType<typeof handshake> =>
      handshake({ url: gateway.url, token: gateway.token, device, scopes });
    expect(await connect(READ)).toMatchObject({ ok: true });
    expect(await connect(["operator.admin"])).toMatchObject({ ok: false });

    const run = await doctor();

    expect(run.code).toBe(1);
    const found = run.of("scopes").find(({ finding }) => finding.includes(device.id.slice(0, 12)));
    expect(found?.finding).toContain("is approved for operator.read;");
    expect(found?.finding).toContain("missing operator.admin");
  });

  it.runIf(version === "2026.2.19")(
    "finds the missing scopes of the device that `gateway install` creates (OpenClaw #21655)",
    async () => {
      const device = createDevice();
      const folder = join(gateway.home.path, ".openclaw", "identity");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "device.json"), identityText(device, Date.now()));
      onTestFinished(() => rm(folder, { recursive: true }));
      const scopes = ["operator.admin", "operator.approvals", "operator.pairing"];
      await handshake({ url: gateway.url, token: gateway.token, device, scopes });

      const run = await doctor();

      const found = run.of("scopes").find(({ finding }) => finding.includes(device.id.slice(0, 12)));
      expect(found?.finding).toContain(`is approved for ${scopes.join(" ")}; it is OpenClaw's own CLI`);
      expect(found?.finding).toContain("missing operator.read operator.write");
      expect(run.output).not.toContain("PRIVATE KEY");
    },
  );
});
