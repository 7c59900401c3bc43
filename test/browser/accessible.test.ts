import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { setScene, watch } from "./watch.ts";
import type { Scene, Watched } from "./watch.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function setMixedScene(): Promise<Scene> {
  const scene = await setScene();
  await scene.connect({ headers: { "X-Forwarded-For": "203.0.113.7" } });
  await scene.fail();
  await scene.connect({ headers: { Origin: "http://" } });
  await scene.shim.outcome(2);
  return scene;
}

/** What axe-core finds wrong, each with the elements. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(
    (rules) => (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly: rules }),
    RULES,
  );
  expect(results.passes.map(({ id }) => id)).toContain("color-contrast");
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

describe("the page for everybody", () => {
  it.each([
    ["light", 1200],
    ["dark", 1200],
    ["light", 360],
    ["dark", 360],
  ] as const)("has nothing that axe-core objects to: %s, %i px wide", async (colorScheme, width) => {
    const scene = await setMixedScene();
    const { page, outcomes, shim } = await watch(scene, {
      colorScheme,
      reducedMotion: "reduce",
      viewport: { width, height: 800 },
    });
    await outcomes.nth(2).waitFor();
    await outcomes.first().getByText("The whole line").click();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await shim.close();
    await page.getByRole("heading", { name: "The shim does not answer" }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("is dark for those who want it so", async () => {
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

  it("has names for everything", async () => {
    const { page, outcomes } = await watch(await setMixedScene());
    await outcomes.nth(2).waitFor();
    const tree = await page.locator("main").ariaSnapshot();
    expect(tree).toContain('region "The gateway is up"');
    expect(tree).toContain('group "Show"');
    expect(tree).toContain('radio "All 3" [checked]');
    expect(tree).toContain('list "Outcomes"');
    expect(tree).toMatch(/article "unauthorized"[^]*heading "unauthorized" \[level=3\][^]*button "Copy"/);
    expect(tree).toMatch(/term: Device\s+- definition:\s+- button "[0-9a-f]{12}…"/);
    await outcomes
      .nth(1)
      .getByRole("button", { name: "Copy" })
      .and(page.locator("[aria-describedby]"))
      .waitFor();
  });

  it("says aloud what comes, once", async () => {
    const { page, fail } = await watch(await setScene());
    const status = page.getByRole("status");
    await status.filter({ hasText: "The gateway is up" }).waitFor({ state: "attached" });
    await fail();
    await status
      .filter({ hasText: /^unauthorized, AUTH_TOKEN_MISMATCH, cli$/ })
      .waitFor({ state: "attached" });
    expect(await status.getAttribute("aria-live")).toBeNull();
  });

  it("does not move for those who do not want it", async () => {
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

describe("the page by keyboard alone", () => {
  const focused = ({ page }: Watched): Promise<string> =>
    page.evaluate(() => {
      const { localName, textContent } = document.activeElement ?? { localName: "", textContent: "" };
      return document.activeElement instanceof HTMLInputElement
        ? document.activeElement.value
        : `${localName} ${textContent.trim()}`.slice(0, 30);
    });

  it("leads to everything, in the order in which it is read", async () => {
    const scene = await setMixedScene();
    const watched = await watch(scene);
    await watched.outcomes.nth(2).waitFor();
    const device = scene.shim.outcomes.map(({ deviceId = "" }) => `button ${deviceId.slice(0, 12)}…`);
    const stops: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      await watched.page.keyboard.press("Tab");
      stops.push(await focused(watched));
    }
    const more = "summary The whole line";
    expect(stops).toEqual([
      "a Skip to the outcomes",
      "all",
      "button Copy",
      more,
      "button Copy",
      device[1],
      more,
      device[0],
      more,
      "a outcomes",
      "a health",
      "a metrics",
    ]);
  });

  it("chooses, copies and opens", async () => {
    const watched = await watch(await setMixedScene(), {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const { page, outcomes, shim } = watched;
    await outcomes.nth(2).waitFor();
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("Tab", "Enter", "Tab", "ArrowRight");
    expect(await focused(watched)).toBe("connected");
    await press("ArrowRight", "ArrowRight");
    expect(await focused(watched)).toBe("unauthorized");
    expect(await outcomes.count()).toBe(1);
    await press("Tab", "Enter");
    await outcomes.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shim.outcomes[1]?.fix);
    await press("Tab", "Space");
    await outcomes.getByRole("button", { name: shim.outcomes[1]?.deviceId ?? "?", expanded: true }).waitFor();
    await press("Tab", "Enter");
    await outcomes.getByText('"event": "pairing.outcome"').waitFor();
  });
});
