import { describe, expect, it } from "vitest";
import { startInjectingProxy } from "../support/header-injecting-proxy.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { setScene, watch } from "./watch.ts";

describe("the page, live", () => {
  it("shows an outcome within one second", async () => {
    const { page, outcomes, shim, fail, console } = await watch(await setScene());
    expect(await outcomes.count()).toBe(0);
    await fail();
    await shim.outcome();
    const start = performance.now();
    await page.getByRole("article", { name: "unauthorized" }).waitFor();
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(console).toEqual([]);
  });

  it("starts with the stored outcomes, newest first", async () => {
    const scene = await setScene();
    await scene.fail();
    await scene.connect();
    await scene.connect({ amend: ({ device: _device, ...params }) => params });
    await scene.shim.outcome(2);
    const { page } = await watch(scene);
    await page.getByRole("listitem").nth(2).waitFor();
    const titles = await page.getByRole("heading", { level: 3 }).allTextContents();
    expect(titles).toEqual(scene.shim.outcomes.map(({ outcome }) => outcome).toReversed());
  });

  it("shows the client, the gateway response, the changes by the shim, and the time", async () => {
    const scene = await setScene();
    const proxy = await startInjectingProxy({
      target: { host: "127.0.0.1", port: scene.shim.port },
      host: "sandbox.example.com",
    });
    const device = createDevice();
    const client = { version: "2026.4.5", platform: "linux" };
    await scene.connect({ url: `${proxy.url}/canvas?token=secret`, device, client });
    await proxy.close();
    await scene.shim.outcome();
    const response = await fetch(`http://${scene.shim.authority}/__shim__/outcomes`);
    const [{ time } = { time: "" }] = (await response.json()) as { time: string }[];
    const { page, outcomes } = await watch(scene, { timezoneId: "Asia/Tokyo", locale: "en-GB" });
    await outcomes.locator("summary").first().click();
    const text = (await outcomes.first().innerText()).replaceAll(/\s+/g, " ");
    expect(text).toContain("cli 2026.4.5 linux");
    expect(text).toContain(`Device ${device.id.slice(0, 12)}…`);
    expect(text).toContain("Role operator Scopes operator.read From 127.0.0.1 /canvas");
    expect(text).toContain("Hello 2026.4.5 protocol 3 Granted operator.read Token issued for this device");
    expect(text).toContain(`Host sandbox.example.com → 127.0.0.1:${scene.gateway.port}`);
    expect(text).toContain("Removed x-forwarded-for x-forwarded-proto");
    expect(text).toMatch(/connected cli 2026\.4\.5 linux first seen public address/);
    expect(await page.content()).not.toContain("secret");
    const tokyo = new Date(time).toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo" });
    const shown = await outcomes.first().getByRole("time").textContent();
    expect(shown).toContain(tokyo);
  });

  it("keeps the last 200, as the shim does, and recognizes them when it becomes visible again", async () => {
    const { page, outcomes, shim } = await watch(await setScene());
    for (let i = 0; i < 203; i += 1) await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    const { conn } = await shim.outcome(202);
    await page.getByText(conn, { exact: false }).first().waitFor({ state: "attached" });
    expect(await outcomes.count()).toBe(200);
    expect(await page.getByText(shim.outcomes[2]?.conn ?? "").count()).toBe(0);
    const again = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith("/outcomes"));
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
      Object.defineProperty(document, "hidden", { value: false });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await again;
    await page.getByText("Live", { exact: true }).waitFor();
    await rawClient(shim.port, upgradeRequest(["Origin: http://"])).closed();
    const last = await shim.outcome(203);
    await page.getByText(last.conn).first().waitFor({ state: "attached" });
    expect(await outcomes.count()).toBe(200);
  });

  it("requests only the shim's own pages", async () => {
    const { page, shim, fail } = await watch(await setScene());
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await page.reload();
    await fail();
    await page.getByRole("article", { name: "unauthorized" }).waitFor();
    expect(urls.length).toBeGreaterThan(2);
    for (const url of urls)
      expect(url).toMatch(new RegExp(`^http://${shim.authority}/__shim__/[a-z]*(?:\\?token=[0-9a-f]{32})?$`));
  });
});
