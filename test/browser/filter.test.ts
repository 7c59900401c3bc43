import { describe, expect, it } from "vitest";
import { setScene, watch } from "./watch.ts";
import type { Watched } from "./watch.ts";

/** Two connected, one unauthorized, one denied. */
async function watchFour(): Promise<Watched> {
  const scene = await setScene();
  await scene.connect();
  await scene.fail();
  await scene.connect({ headers: { Origin: "http://" } });
  await scene.connect();
  await scene.shim.outcome(3);
  const watched = await watch(scene);
  await watched.outcomes.nth(3).waitFor();
  return watched;
}

describe("the filter of outcomes", () => {
  it("lists each outcome with its count", async () => {
    const { page } = await watchFour();
    const labels = await page.getByRole("radiogroup", { name: "Show" }).locator("label").allInnerTexts();
    expect(labels.map((label) => label.replaceAll(/\s+/g, " "))).toEqual([
      "All clients 4",
      "connected 2",
      "denied 1",
      "unauthorized 1",
    ]);
    expect(await page.getByRole("radio", { name: "All clients" }).isChecked()).toBe(true);
  });

  it("shows only the chosen outcome, and continues to count", async () => {
    const { page, outcomes, fail } = await watchFour();
    await page.getByRole("radio", { name: "connected 2" }).check();
    expect(await outcomes.count()).toBe(2);
    expect(await page.getByRole("article", { name: "connected" }).count()).toBe(2);
    await page.getByText("2 of 4, newest first", { exact: true }).waitFor();
    await fail();
    await page.getByText("2 of 5, newest first", { exact: true }).waitFor();
    expect(await outcomes.count()).toBe(2);
    await page.getByRole("radio", { name: "unauthorized 2" }).check();
    expect(await page.getByRole("article", { name: "unauthorized" }).count()).toBe(2);
    await page.getByRole("radio", { name: "All clients 5" }).check();
    expect(await outcomes.count()).toBe(5);
  });

  it("keeps the focus when a new kind of outcome is added", async () => {
    const { page, connect } = await watchFour();
    const chosen = page.getByRole("radio", { name: "connected" });
    await chosen.focus();
    await connect({ protocol: { min: 1, max: 1 } });
    await page.getByRole("radio", { name: "protocol-mismatch" }).waitFor();
    expect(await chosen.evaluate((element) => element === document.activeElement)).toBe(true);
  });
});

describe("the counters", () => {
  it("count outcomes since the shim started, and open connections", async () => {
    const { page, connect } = await watchFour();
    const counter = async (name: string): Promise<string | null> =>
      page
        .locator("dt", { hasText: new RegExp(`^${name}$`) })
        .locator("+ dd")
        .textContent();
    expect([await counter("Connected"), await counter("Not connected"), await counter("Open now")]).toEqual([
      "2",
      "2",
      "0",
    ]);
    const open = await connect({ keepOpen: true });
    await page.locator("#count-open", { hasText: "1" }).waitFor();
    await page.locator("#count-connected", { hasText: "3" }).waitFor();
    if (open.ok) await open.session?.close();
  });
});
