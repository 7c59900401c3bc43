import { once } from "node:events";
import { createServer } from "node:http";
import type { Page, Route } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim } from "../support/shim.ts";
import { openPage, setScene, watch } from "./watch.ts";
import type { Watched } from "./watch.ts";

/** Below the interval at which the page asks the shim. */
const SOON_MS = 4_000;

const listenAt = (port: number): { listen: { host: string; port: number }[] } => ({
  listen: [{ host: "127.0.0.1", port }],
});

function heading({ page }: Watched, name: string, options?: { timeout: number }): Promise<void> {
  return page.getByRole("heading", { name, level: 2 }).waitFor(options);
}

describe("a shim that has stopped", () => {
  it("is shown with the outcomes known so far, and found again when it restarts", async () => {
    const watched = await watch(await setScene());
    await watched.fail();
    await watched.page.getByRole("article", { name: "unauthorized" }).waitFor();
    await watched.shim.close();
    await heading(watched, "The shim does not respond");
    await watched.page.getByText("Not live, reconnecting").waitFor();
    await watched.page.getByText("openclaw-shim status", { exact: true }).waitFor();
    expect(await watched.outcomes.count()).toBe(1);

    const again = await openTestShim(watched.gateway.port, listenAt(watched.shim.port));
    onTestFinished(() => again.close());
    await heading(watched, "The gateway is up");
    await watched.page.getByText("Live", { exact: true }).waitFor();
    // The page has loaded itself anew, as a new shim has another token; what the old shim had seen is gone with it.
    await watched.fail({ protocol: { min: 1, max: 1 } });
    await watched.page.getByRole("article", { name: "protocol-mismatch" }).waitFor();
  });

  it("is shown if it accepts connections, but does not respond", async () => {
    const watched = await watch(await setScene());
    const unanswered = (): void => {};
    await watched.page.route("**/__shim__/{health,outcomes}*", unanswered);
    await watched.fail();
    await heading(watched, "The shim does not respond");
  });
});

describe("a shim that stops while the page asks it", () => {
  it("is asked again at once, not at the next interval", async () => {
    const watched = await watch(await setScene());
    const { page } = watched;
    await heading(watched, "The gateway is up");
    const held = holdResponse(page, "health");
    await watched.fail();
    const answer = await held;
    await watched.shim.close();
    await page.getByText("Not live, reconnecting").waitFor();
    await answer();
    await heading(watched, "The shim does not respond", { timeout: SOON_MS });
  });
});

describe("a gateway that has stopped", () => {
  it("is shown with the next outcome, and when it restarts", async () => {
    const watched = await watch(await setScene());
    await heading(watched, "The gateway is up");
    await watched.gateway.close();
    await watched.connect();
    await heading(watched, "The gateway is not up");
    await watched.page.getByText("ECONNREFUSED since").waitFor();
    const again = await startFakeGateway({ release: "2026.4.5", token: "t", port: watched.gateway.port });
    onTestFinished(() => again.close());
    await heading(watched, "The gateway is up");
  });
});

describe("another server in place of a gateway that has stopped", () => {
  it("is shown with the fix", async () => {
    const watched = await watch(await setScene());
    await watched.gateway.close();
    await watched.connect();
    await heading(watched, "The gateway is not up");
    const server = createServer((_request, response) => response.end());
    onTestFinished(() => void server.close());
    await once(server.listen(watched.gateway.port, "127.0.0.1"), "listening");
    await heading(watched, "The server is not a gateway");
    await watched.page.getByText("Fix: correct the port in --gateway").waitFor();
  });
});

describe("a shim at its limit of followers", () => {
  it("is polled until it accepts another", async () => {
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

/** Holds the response to the page's next request until the returned function is called. */
function holdResponse(page: Page, name: string): Promise<() => Promise<void>> {
  return new Promise((resolve) => {
    const hold = async (route: Route): Promise<void> => {
      const response = await route.fetch();
      resolve(() => route.fulfill({ response }));
    };
    void page.route(`**/__shim__/${name}*`, hold, { times: 1 });
  });
}
