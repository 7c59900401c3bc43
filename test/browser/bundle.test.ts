import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { bundle, start } from "../commands/bundle.ts";
import { openPage, setScene } from "./watch.ts";

describe("the page in the bundle", () => {
  it("is complete: minified, styled, live, without console messages", async () => {
    const { gateway } = await setScene();
    const made = await bundle();
    onTestFinished(() => made.remove());
    const command = start(made, [
      "run",
      "--listen",
      "127.0.0.1:0",
      "--gateway",
      gateway.url,
      "--log-format",
      "json",
    ]);
    const listening: { addresses: string[] } = JSON.parse(await command.line(/"event":"listening"/));
    const authority = listening.addresses[0] ?? "";

    const { size } = await (await fetch(`http://${authority}/__shim__/`)).blob();
    expect(size).toBeLessThan(15_000);
    const { page, console } = await openPage({ colorScheme: "dark" });
    await page.goto(`http://${authority}/__shim__/`);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("1.2.3", { exact: true }).waitFor();
    await handshake({ url: `ws://${authority}`, token: "wrong" });
    await page.getByRole("article").waitFor();
    await page.getByText("Fix", { exact: true }).waitFor();
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(background).toBe("rgb(19, 20, 22)");
    expect(console).toEqual([]);
    command.signal("SIGTERM");
    expect(await command.exit).toBe(0);
  });
});
