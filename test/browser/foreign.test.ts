import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { openPage, setScene, watch } from "./watch.ts";

/** Serves a page of another origin, on another port of this machine. */
async function startForeignSite(): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>foreign</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return `http://127.0.0.1:${address.port}/`;
}

describe("a foreign page in the same browser", () => {
  it("can read nothing, and cannot use up the followers' limit", async () => {
    const scene = await setScene();
    const { page } = await openPage();
    await page.goto(await startForeignSite());
    const shim = `http://${scene.shim.authority}/__shim__/`;
    const read = await page.evaluate(async (base) => {
      const tries = ["", "health", "outcomes", "metrics"].map(async (name) => {
        const response = await fetch(base + name);
        return response.text();
      });
      return (await Promise.allSettled(tries)).map(({ status }) => status);
    }, shim);
    expect(read).toEqual(["rejected", "rejected", "rejected", "rejected"]);

    // Without CORS no Origin is sent: the page could read nothing, but open any number of streams.
    await page.evaluate((base) => {
      const follow = (): Promise<Response> =>
        fetch(`${base}outcomes`, { mode: "no-cors", headers: { Accept: "text/event-stream" } });
      return Promise.allSettled(Array.from({ length: 40 }, follow));
    }, shim);
    // The log has the first ten, then their number.
    const { lines } = await scene.shim.logged("log.summary");
    const denied = scene.shim.lines.filter(({ reason }) => reason === "foreign_site");
    expect(denied.filter(({ event }) => event === "request.denied")).toHaveLength(10);
    expect(lines).toBe(30);
    await watch(scene);
  });

  it("cannot embed it in a frame, but can link to it", async () => {
    const scene = await setScene();
    const { page, console } = await openPage();
    await page.goto(await startForeignSite());
    const shim = `http://${scene.shim.authority}/__shim__/`;
    await page.evaluate((address) => {
      const frame = document.createElement("iframe");
      const link = document.createElement("a");
      frame.src = address;
      link.href = address;
      link.textContent = "shim";
      document.body.append(frame, link);
    }, shim);
    await page.waitForEvent("response", (response) => response.url() === shim);
    expect(await page.frameLocator("iframe").getByRole("heading").count()).toBe(0);
    await page.getByRole("link", { name: "shim" }).click();
    await page.getByRole("heading", { name: "The gateway is up" }).waitFor();
    expect(console.filter((line) => line.startsWith("error: Uncaught"))).toEqual([]);
  });
});

describe("a page that the gateway serves on the same origin", () => {
  it("can read neither the page nor its data, by request, in a frame, or in a window", async () => {
    const scene = await setScene();
    const { page } = await openPage();
    const origin = `http://${scene.shim.authority}`;
    const served = { contentType: "text/html", body: "<!doctype html><title>canvas</title>" };
    await page.route(`${origin}/canvas`, (route) => route.fulfill(served));
    await page.goto(`${origin}/canvas`);
    const read = await page.evaluate(async () => {
      const names = ["", "health", "outcomes", "metrics"];
      const fetched = names.map(async (name) => (await fetch(`/__shim__/${name}`)).status);
      const framed = names.map(async (name) => {
        const frame = document.createElement("iframe");
        frame.src = `/__shim__/${name}`;
        const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
        document.body.append(frame);
        await loaded;
        return frame.contentDocument?.body.textContent ?? "";
      });
      return { fetched: await Promise.all(fetched), framed: await Promise.all(framed) };
    });
    expect(read.fetched).toEqual([403, 403, 403, 403]);
    expect(read.framed.join("")).not.toMatch(/Outcomes|reachable|openclaw_shim/);

    const [popup] = await Promise.all([
      page.waitForEvent("popup"),
      page.evaluate(() => {
        Object.assign(globalThis, { opened: open("/__shim__/") });
      }),
    ]);
    await popup.getByRole("heading", { name: "The gateway is up" }).waitFor();
    const seen = await page.evaluate(() => {
      const opened: unknown = Reflect.get(globalThis, "opened");
      return opened !== null && typeof opened === "object" && "closed" in opened ? opened.closed : undefined;
    });
    // Cross-Origin-Opener-Policy: for its opener the window is closed.
    expect(seen).toBe(true);
  });
});
