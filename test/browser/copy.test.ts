import { describe, expect, it } from "vitest";
import { setScene, watch } from "./watch.ts";
import type { Scene, Watched } from "./watch.ts";

const MAY_COPY = { permissions: ["clipboard-read", "clipboard-write"] };

async function watchPairing(options?: { permissions: string[] }): Promise<Watched & { command: string }> {
  const scene: Scene = await setScene();
  const command = await scene.failPairing();
  return { ...(await watch(scene, options)), command };
}

describe("the command of an outcome", () => {
  it("is shown in a box and copied", async () => {
    const { page, outcomes, command } = await watchPairing(MAY_COPY);
    expect(await outcomes.locator("div.box code").textContent()).toBe(command);
    const button = outcomes.getByRole("button", { name: "Copy", exact: true });
    await button.click();
    await outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
    await button.waitFor();
  });

  it("is copied if the browser denies access to the clipboard", async () => {
    const { page, outcomes, command } = await watchPairing(MAY_COPY);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
    });
    const button = outcomes.getByRole("button", { name: /Cop/ });
    await button.click();
    await outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("is selected if it cannot be copied", async () => {
    const { page, outcomes, command } = await watchPairing();
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
      document.execCommand = () => false;
    });
    await outcomes.getByRole("button", { name: "Copy", exact: true }).click();
    await outcomes.getByRole("button", { name: "Selected: copy it by hand" }).waitFor();
    expect(await page.evaluate(() => String(getSelection()))).toBe(command);
  });
});

describe("the fix of an outcome", () => {
  it("is shown as it was logged, without a button if it has no command", async () => {
    const scene = await setScene();
    await scene.fail();
    const { fix } = await scene.shim.outcome();
    const { outcomes } = await watch(scene);
    expect(fix).toBeTruthy();
    await outcomes.getByText(`Fix ${fix}`, { exact: true }).waitFor();
    expect(await outcomes.getByRole("button", { name: /copy/i }).count()).toBe(0);
  });

  it("is absent for a client that connected", async () => {
    const scene = await setScene();
    await scene.connect();
    const { outcomes } = await watch(scene);
    await outcomes.first().waitFor();
    expect(await outcomes.getByRole("button", { name: /copy/i }).count()).toBe(0);
    expect(await outcomes.getByText("Fix").count()).toBe(0);
  });
});
