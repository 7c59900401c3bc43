import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openBrowserPage } from "./browser.ts";
import { runCli } from "./cli.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

const isHello = ({ payload }: { readonly payload: string | Buffer }): boolean =>
  String(payload).includes('"hello-ok"');

describe.each(chosenVersions())("openclaw %s's Control UI in Chromium", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    return () => gateway.close();
  });

  it("connects at the shim's port, is paired, and receives the gateway's responses", async () => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    const browser = await openBrowserPage();
    onTestFinished(() => browser.close());
    const origin = `http://127.0.0.1:${shim.port}`;

    const helloReceived = browser.page
      .waitForEvent("websocket")
      .then((socket) => socket.waitForEvent("framereceived", isHello));
    await browser.page.goto(`${origin}/#token=${gateway.token}`);
    await helloReceived;

    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "connected",
      client: { id: "openclaw-control-ui" },
      gateway: { version: gateway.openclaw.release.name ?? version },
      firstSeen: true,
      normalized: { origin: { from: origin, to: `http://127.0.0.1:${gateway.port}` } },
    });
    const device = { deviceId: outcome.deviceId, clientId: "openclaw-control-ui" };
    // Reads the devices directly from the gateway, not through the shim.
    const devices = await runCli(gateway.openclaw, gateway.home, ["devices", "list", "--json"]);
    expect(devices.json).toMatchObject({ pending: [] });
    expect(devices.json).toHaveProperty("paired", expect.arrayContaining([expect.objectContaining(device)]));
    expect(shim.log.join("\n")).not.toContain(gateway.token);
  });
});
