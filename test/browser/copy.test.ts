import { describe, expect, it, onTestFinished } from "vitest";
import { startInjectingProxy } from "../../src/commands/demo/header-injecting-proxy.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { setScene, watch } from "./watch.ts";
import type { Watched } from "./watch.ts";

const MAY_COPY = { permissions: ["clipboard-read", "clipboard-write"] };

function clipboard({ page }: Watched): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

describe("the fix on the page", () => {
  it("is copied as it stands", async () => {
    const scene = await setScene();
    await scene.fail();
    const { fix } = await scene.shim.outcome();
    const watched = await watch(scene, MAY_COPY);
    const button = watched.outcomes.getByRole("button", { name: "Copy", exact: true });
    await button.click();
    await watched.outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(fix).toBeTruthy();
    expect(await clipboard(watched)).toBe(fix);
    await button.waitFor();
  });

  it("is copied as the command alone where there is one", async () => {
    const scene = await setScene();
    const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port: scene.gateway.port } });
    onTestFinished(() => proxy.close());
    const device = createDevice();
    await scene.connect({ device, url: proxy.url });
    await scene.connect({ device });
    const { requestId, fix } = await scene.shim.outcome();
    expect(fix).toContain(`openclaw devices approve ${requestId}`);
    const watched = await watch(scene, MAY_COPY);
    await watched.outcomes.getByRole("button", { name: "Copy command" }).click();
    await watched.outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await clipboard(watched)).toBe(`openclaw devices approve ${requestId}`);
    expect(await watched.outcomes.getByRole("code").first().textContent()).toBe(
      `openclaw devices approve ${requestId}`,
    );
  });

  it("is copied where the browser has no clipboard to write to, too", async () => {
    const scene = await setScene();
    await scene.fail();
    const { fix } = await scene.shim.outcome();
    const watched = await watch(scene, MAY_COPY);
    await watched.page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
    });
    const button = watched.outcomes.getByRole("button", { name: /Cop/ });
    await button.click();
    await watched.outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await clipboard(watched)).toBe(fix);
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("says so where it cannot be copied", async () => {
    const scene = await setScene();
    await scene.fail();
    const { page, outcomes } = await watch(scene);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
      document.execCommand = () => false;
    });
    await outcomes.getByRole("button", { name: "Copy", exact: true }).click();
    await outcomes.getByRole("button", { name: "Select and copy it by hand" }).waitFor();
  });

  it("is not there for a client that connected", async () => {
    const scene = await setScene();
    await scene.connect();
    const { outcomes } = await watch(scene);
    await outcomes.first().waitFor();
    expect(await outcomes.getByRole("button", { name: /copy/i }).count()).toBe(0);
    expect(await outcomes.getByText("Fix").count()).toBe(0);
  });
});
