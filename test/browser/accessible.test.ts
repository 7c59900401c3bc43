import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { setScene, watch } from "./watch.ts";
import type { Scene, Watched } from "./watch.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Denied, pairing-required, connected: newest first. */
async function setMixedScene(): Promise<Scene & { command: string }> {
  const scene = await setScene();
  await scene.connect({ headers: { "X-Forwarded-For": "203.0.113.7" } });
  const command = await scene.failPairing();
  await scene.connect({ headers: { Origin: "http://" } });
  await scene.shim.outcome(2);
  return { ...scene, command };
}

/** Returns what axe-core reports, each with the elements. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(
    (rules) => (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly: rules }),
    RULES,
  );
  expect(results.passes.map(({ id }) => id)).toContain("color-contrast");
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

describe("accessibility of the page", () => {
  it.each([
    ["light", 1200],
    ["dark", 1200],
    ["light", 360],
    ["dark", 360],
  ] as const)("axe-core finds no violation: %s, %i px wide", async (colorScheme, width) => {
    const scene = await setMixedScene();
    const { page, outcomes, shim } = await watch(scene, {
      colorScheme,
      reducedMotion: "reduce",
      viewport: { width, height: 800 },
    });
    await outcomes.nth(2).waitFor();
    await outcomes.first().getByText("Log line").click();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await shim.close();
    await page.getByRole("heading", { name: "The shim does not respond" }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("follows the preferred color scheme", async () => {
    const { page } = await watch(await setScene(), { colorScheme: "dark" });
    const lightness = (): Promise<number> =>
      page.evaluate(() => {
        const [, ...parts] =
          /(\d+), (\d+), (\d+)/.exec(getComputedStyle(document.body).backgroundColor) ?? [];
        return parts.reduce((sum, part) => sum + Number(part), 0) / 765;
      });
    expect(await lightness()).toBeLessThan(0.2);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await lightness()).toBeGreaterThan(0.8);
  });

  it("every part has a name", async () => {
    const scene = await setMixedScene();
    const { page, outcomes } = await watch(scene);
    await outcomes.nth(2).waitFor();
    const tree = await page.locator("main").ariaSnapshot();
    expect(tree).toContain('region "The gateway is up"');
    expect(tree).toContain('radiogroup "Show"');
    expect(tree).toContain('radio "All clients 3" [checked]');
    expect(tree).toContain('list "Outcomes"');
    expect(tree).toMatch(
      /article "pairing-required"[^]*heading "pairing-required" \[level=3\][^]*button "Copy"/,
    );
    expect(tree).toMatch(/term: Device\s+- definition:\s+- group: [0-9a-f]{12}…/);
    const button = outcomes.nth(1).getByRole("button", { name: "Copy" });
    expect(await button.getAttribute("aria-description")).toBe(scene.command);
  });

  it("announces each outcome once", async () => {
    const { page, fail } = await watch(await setScene());
    const status = page.getByRole("status");
    await status.filter({ hasText: "The gateway is up" }).waitFor({ state: "attached" });
    await fail();
    await status
      .filter({ hasText: /^unauthorized, AUTH_TOKEN_MISMATCH, cli$/ })
      .waitFor({ state: "attached" });
    expect(await status.getAttribute("aria-live")).toBeNull();
  });

  it("has no animation with prefers-reduced-motion", async () => {
    const { page, outcomes, fail } = await watch(await setScene(), { reducedMotion: "reduce" });
    await fail();
    const animation = (): Promise<string> =>
      outcomes.first().evaluate((element) => getComputedStyle(element).animationName);
    await outcomes.first().waitFor();
    expect(await animation()).toBe("none");
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await animation()).toBe("arrive");
  });
});

describe("the page by keyboard", () => {
  const focused = ({ page }: Watched): Promise<string> =>
    page.evaluate(() => {
      const { localName, textContent } = document.activeElement ?? { localName: "", textContent: "" };
      return document.activeElement instanceof HTMLInputElement
        ? document.activeElement.value
        : `${localName} ${textContent.trim()}`.slice(0, 30);
    });

  it("reaches every control, in reading order", async () => {
    const scene = await setMixedScene();
    const watched = await watch(scene);
    await watched.outcomes.nth(2).waitFor();
    const device = scene.shim.outcomes.map(({ deviceId = "" }) => `summary ${deviceId.slice(0, 12)}…`);
    const stops: string[] = [];
    for (let i = 0; i < 10; i += 1) {
      await watched.page.keyboard.press("Tab");
      stops.push(await focused(watched));
    }
    const more = "summary Log line";
    expect(stops).toEqual([
      "a Skip to the outcomes",
      "All clients",
      more,
      "button Copy",
      device[1],
      more,
      "summary connectedcli 1.0.0 lin",
      "a outcomes",
      "a health",
      "a metrics",
    ]);
  });

  it("filters, copies and expands", async () => {
    const scene = await setMixedScene();
    const watched = await watch(scene, { permissions: ["clipboard-read", "clipboard-write"] });
    const { page, outcomes, shim } = watched;
    await outcomes.nth(2).waitFor();
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("Tab", "Enter", "Tab", "ArrowRight");
    expect(await focused(watched)).toBe("connected");
    await press("ArrowRight", "ArrowRight");
    expect(await focused(watched)).toBe("pairing-required");
    expect(await outcomes.count()).toBe(1);
    await press("Tab", "Enter");
    await outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(scene.command);
    const device = outcomes.locator("dd details[open]", { hasText: shim.outcomes[1]?.deviceId ?? "?" });
    expect(await device.count()).toBe(0);
    await press("Tab", "Space");
    await device.waitFor();
    await press("Tab", "Enter");
    await outcomes.getByText('"event": "pairing.outcome"').waitFor();
  });
});
