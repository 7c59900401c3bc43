import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { Secret } from "../../src/openclaw/token.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { setScene, watch } from "./watch.ts";

const READ = ["operator.read"];
const ADMIN = ["operator.admin"];

describe("a connected client", () => {
  it("is one line, with details on request", async () => {
    const { page, outcomes, connect } = await watch(await setScene(), {
      viewport: { width: 1200, height: 800 },
    });
    await connect({ headers: { "X-Forwarded-For": "203.0.113.7" } });
    const line = outcomes.locator("summary", { hasText: "connected" });
    await line.waitFor();
    const one = await outcomes.evaluate((item) => item.getBoundingClientRect().height);
    expect(one).toBeLessThan(50);
    const explanation = outcomes.getByText("Whoever can send requests to the proxy that added it");
    expect(await explanation.isVisible()).toBe(false);
    await line.click();
    await explanation.waitFor();
    await outcomes.locator("dt", { hasText: "Scopes" }).waitFor();
    expect(await page.getByText("Fix", { exact: true }).count()).toBe(0);
  });
});

describe("a failure", () => {
  it("is settled when the same device has connected, and offers no command then", async () => {
    const scene = await setScene();
    const { page, outcomes, connect, fail } = await watch(scene);
    const device = createDevice();
    await fail({ device });
    await outcomes.getByText("Fix", { exact: true }).waitFor();
    await connect();
    await page.getByRole("article", { name: "connected" }).waitFor();
    expect(await outcomes.getByText("settled").count()).toBe(0);
    await connect({ device });
    const failed = page.getByRole("article", { name: "unauthorized" });
    await failed.getByText(/^settled \S+.*: the device connected$/).waitFor();
    expect(await outcomes.getByText("Fix", { exact: true }).count()).toBe(0);
    await failed.locator("summary").first().click();
    await failed.getByText("AUTH_TOKEN_MISMATCH").first().waitFor();
  });

  it("keeps the focus in its card when it is settled, and is settled for a page that opens later", async () => {
    const scene = await setScene();
    const { page, outcomes, connect } = await watch(scene);
    const device = createDevice();
    await connect({ device, scopes: READ });
    await connect({ device, scopes: ADMIN });
    const copy = outcomes.getByRole("button", { name: "Copy" });
    await copy.focus();
    await connect({ device, scopes: READ });
    await page.getByRole("radio", { name: "connected 2" }).waitFor();
    // It needed less.
    expect(await copy.count()).toBe(1);
    const [request] = scene.gateway.pairing.pending;
    scene.gateway.pairing.approve(request?.requestId ?? "", ADMIN);
    await connect({ device, scopes: ADMIN });
    await outcomes.getByText(/^settled/).waitFor();
    expect(await copy.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.localName)).toBe("summary");
    await page.reload();
    await outcomes.getByText(/^settled/).waitFor();
    expect(await copy.count()).toBe(0);
  });

  it("is settled when the shim has approved its request", async () => {
    const approving = { approve: "seen", approveScopes: ADMIN, approveRoles: ["operator"] } as const;
    const scene = await setScene({}, approving, { operator: { token: new Secret("t") } });
    await scene.shim.logged("approver.up");
    const { page, outcomes, connect } = await watch(scene);
    const device = createDevice();
    await connect({ device, scopes: READ });
    await connect({ device, scopes: ADMIN });
    await scene.shim.logged("approved");
    const settled = outcomes.getByText(/^settled \S+.*: its request was approved$/);
    await settled.waitFor();
    await page.reload();
    await settled.waitFor();
  });

  it("of the gateway is settled when any client has connected", async () => {
    const scene = await setScene();
    const { outcomes, connect, gateway } = await watch(scene);
    const { port } = gateway;
    await gateway.close();
    await connect();
    await outcomes.getByText("Fix", { exact: true }).waitFor();
    const again = await startFakeGateway({ release: "2026.4.5", token: "t", port });
    onTestFinished(() => again.close());
    await connect();
    await outcomes.getByText(/^settled \S+.*: a client connected$/).waitFor();
  });
});

describe("doctor", () => {
  it("is not counted, and shown on request", async () => {
    const { page, outcomes, connect } = await watch(await setScene());
    await connect({ client: { version: "openclaw-shim-doctor/1.2.3" } });
    const choice = page.getByRole("radio", { name: "doctor 1" });
    await choice.waitFor();
    await page.getByText("No client has requested a WebSocket yet").waitFor();
    expect(await outcomes.count()).toBe(0);
    await connect();
    await page.getByRole("radio", { name: "connected 1" }).waitFor();
    await page.locator("#count-connected", { hasText: /^1$/ }).waitFor();
    expect(await outcomes.count()).toBe(1);
    await choice.check();
    expect(await outcomes.count()).toBe(1);
    await outcomes.locator("summary", { hasText: "cli openclaw-shim-doctor/1.2.3" }).waitFor();
  });
});
