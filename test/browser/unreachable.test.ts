import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { startStandIn } from "../../src/demo/stand-in/server.ts";
import { openTestShim } from "../support/shim.ts";
import { openPage, setScene, watch } from "./watch.ts";
import type { Watched } from "./watch.ts";

const listenAt = (port: number): { listen: { host: string; port: number }[] } => ({
  listen: [{ host: "127.0.0.1", port }],
});

function heading({ page }: Watched, name: string): Promise<void> {
  return page.getByRole("heading", { name, level: 2 }).waitFor();
}

describe("a shim that is gone", () => {
  it("is shown as such, with what was known, and found again when it is back", async () => {
    const watched = await watch(await setScene());
    await watched.fail();
    await watched.page.getByRole("article", { name: "unauthorized" }).waitFor();
    await watched.shim.close();
    await heading(watched, "The shim does not answer");
    await watched.page.getByText("Not live, reconnecting").waitFor();
    await watched.page.getByText("openclaw-shim status", { exact: true }).waitFor();
    expect(await watched.outcomes.count()).toBe(1);

    const again = await openTestShim(watched.gateway.port, listenAt(watched.shim.port));
    onTestFinished(() => again.close());
    await heading(watched, "The gateway is up");
    await watched.page.getByText("Live", { exact: true }).waitFor();
    await watched.fail({ protocol: { min: 1, max: 1 } });
    await watched.outcomes.nth(1).waitFor();
  });

  it("is shown as such where it takes connections, but says nothing", async () => {
    const watched = await watch(await setScene());
    await watched.shim.close();
    const silent = await startSilent(watched.shim.port);
    onTestFinished(silent);
    await heading(watched, "The shim does not answer");
  });
});

describe("a gateway that is gone", () => {
  it("is shown as such with the next outcome, and when it is back", async () => {
    const watched = await watch(await setScene());
    await heading(watched, "The gateway is up");
    await watched.gateway.close();
    await watched.connect();
    await heading(watched, "The gateway is down");
    await watched.page.getByText("ECONNREFUSED since").waitFor();
    const again = await startStandIn({ era: "2026.4.5", token: "t", port: watched.gateway.port });
    onTestFinished(() => again.close());
    await heading(watched, "The gateway is up");
  });
});

describe("a shim that has no place for one more follower", () => {
  it("is asked from time to time, until it has", async () => {
    const scene = await setScene();
    const leave = new AbortController();
    const follow = (): Promise<Response> =>
      fetch(`http://${scene.shim.authority}/__shim__/outcomes`, {
        headers: { Accept: "text/event-stream" },
        signal: leave.signal,
      });
    const followers = await Promise.all(Array.from({ length: 32 }, follow));
    expect(followers.map(({ status }) => status)).toEqual(Array.from({ length: 32 }, () => 200));
    const { page } = await openPage();
    await page.goto(`http://${scene.shim.authority}/__shim__/`);
    await page.getByRole("heading", { name: "The gateway is up" }).waitFor();
    await page.getByText("Not live, reconnecting").waitFor();
    await scene.fail();
    await page.getByRole("article", { name: "unauthorized" }).waitFor();
    leave.abort();
    await page.getByText("Live", { exact: true }).waitFor();
  });
});

/** Takes connections on that port and never answers. */
async function startSilent(port: number): Promise<() => Promise<void>> {
  const server = createServer(() => {});
  server.listen(port, "127.0.0.1");
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
