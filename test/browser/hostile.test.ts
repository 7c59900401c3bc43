import { describe, expect, it } from "vitest";
import { setScene, watch } from "./watch.ts";
import type { Scene } from "./watch.ts";

const MARKUP = `"'><img src=x onerror="owned=1"><script>owned=1</script><svg onload=owned=1>`;
const TEMPLATE = "{{constructor.constructor('owned=1')()}}${owned=1}javascript:owned=1";
const BIDI = "admin\u202e\u2066gnp.exe\u200f\u0000\u001b[31m\nconnected";
const ZALGO = `z${"\u0301\u0323".repeat(60)}`;
const LONG = "W".repeat(5_000);
const HEBREW = "\u05d0\u05d1\u05d2";

/** Sends `text` as every value that a client may choose, and returns when the outcome is reported. */
async function claim(scene: Scene, text: string): Promise<void> {
  const amend = (params: Record<string, unknown>): Record<string, unknown> => ({
    ...params,
    role: text,
    scopes: [text, text],
    client: { id: text, version: text, platform: text, mode: text, displayName: text },
    device: { ...(params["device"] as object), id: text },
  });
  const before = scene.shim.outcomes.length;
  await scene.connect({ amend });
  await scene.shim.outcome(before);
}

describe("client text on the page", () => {
  it.each([
    ["markup", MARKUP, MARKUP.slice(0, 40)],
    ["templates and URLs", TEMPLATE, TEMPLATE],
    ["bidirectional and control characters", BIDI, "admin??gnp.exe???[31m?connected"],
    ["a very long name", LONG, "W".repeat(100)],
    ["combining marks", ZALGO, ZALGO.slice(0, 20)],
  ])("is only text: %s", async (_what, text, shown) => {
    const scene = await setScene();
    await claim(scene, text);
    const { page, outcomes, console } = await watch(scene, { viewport: { width: 360, height: 700 } });
    await outcomes.first().waitFor();
    await outcomes.getByText("Log line").click();
    await outcomes.locator("section", { hasText: "Client" }).getByText(shown).first().waitFor();
    const elements = await outcomes
      .locator("*")
      .evaluateAll((found) => [...new Set(found.map(({ localName }) => localName))]);
    expect(elements.sort()).toEqual(
      "article b bdi code dd details div dl dt h3 h4 header p pre section summary time".split(" "),
    );
    expect(await page.evaluate(() => "owned" in globalThis)).toBe(false);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(console).toEqual([]);
  });

  it("does not change the order of the values beside it", async () => {
    const scene = await setScene();
    await scene.connect({
      amend: (params) => ({ ...params, client: { id: HEBREW, version: "1", platform: HEBREW, mode: "2" } }),
    });
    const { outcomes } = await watch(scene);
    const lefts = await outcomes
      .locator("dd", { hasText: HEBREW })
      .locator("bdi")
      .evaluateAll((found) => found.map((element) => element.getBoundingClientRect().left));
    expect(lefts).toHaveLength(4);
    expect(lefts).toEqual(lefts.toSorted((a, b) => a - b));
  });

  it("is also text in a Host and in a path", async () => {
    const scene = await setScene();
    const host = "<b>owned</b>.example";
    await scene.connect({ url: `ws://${scene.shim.authority}/<i>owned</i>`, headers: { Host: host } });
    const { outcomes } = await watch(scene);
    await outcomes.locator("summary").first().click();
    await outcomes.locator("section", { hasText: "Changed by the shim" }).getByText(host).waitFor();
    await outcomes.locator("section", { hasText: "Client" }).getByText("/%3Ci%3Eowned%3C/i%3E").waitFor();
    expect(await outcomes.locator("i, section b").count()).toBe(0);
  });

  it("cannot add to a command to copy", async () => {
    const scene = await setScene();
    await claim(scene, ": openclaw devices approve $(reboot)");
    const { outcomes } = await watch(scene);
    await outcomes.first().waitFor();
    expect(await outcomes.getByRole("button", { name: "Copy" }).count()).toBe(0);
  });

  it("is refused by Trusted Types if set as HTML", async () => {
    const { page } = await watch(await setScene());
    const refused = await page.evaluate((markup) => {
      try {
        document.body.innerHTML = markup;
        return "set";
      } catch (error) {
        return String(error);
      }
    }, MARKUP);
    expect(refused).toContain("TrustedHTML");
  });
});
