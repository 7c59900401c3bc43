import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startInjectingProxy } from "../support/header-injecting-proxy.ts";
import { openBrowserPage } from "./browser.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";
import { outsideAddress, routesIn } from "./routes.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

/**
 * What each release serves to a local client without a credential otherwise than to a remote one (docs/gateway.md
 * section 4). A new one fails this test, and needs a rule in src/gate/local-only.ts.
 */
const CANVAS = ["a2ui", "a2ui/", "canvas", "canvas/"].flatMap((path) =>
  ["GET", "POST"].map((method) => `${method} /__openclaw__/${path}`),
);
const READY = ["GET /ready", "GET /readyz"];
const LOCAL_ONLY: Readonly<Record<string, readonly string[]>> = {
  "2026.2.19": [...CANVAS, "GET /__openclaw__/ws", "POST /__openclaw__/ws", "WebSocket /__openclaw__/ws"],
  "2026.3.23": READY,
  "2026.4.5": [...READY, "POST /plugins/diffs/view/", "POST /plugins/diffs/view/x"],
  "2026.9.6": [...READY, "GET /startup", "GET /startupz"],
};
/** A release with the plugin `diffs`, which others have too. */
const WITH_DIFFS = "2026.4.5";

const FORWARDED = { "X-Forwarded-For": "203.0.113.7" };
const WEBSOCKET = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};
const DEADLINE_MS = 20_000;
const SLOW = { timeout: 600_000 };

/** Clients are limited by address. */
const isLimited = (response: string): boolean => response.startsWith("429");

/** The status with which a remote client is refused: by the shim, or for a plugin's page by the plugin. */
function statusOf(path: string): string {
  if (path.startsWith("/plugins/")) return "404";
  return path.startsWith("/__openclaw__/") ? "401" : "403";
}

type Headers = Readonly<Record<string, string>>;

/** Sends one request; returns the status, and the content without what changes from one response to the next. */
function ask(
  to: { readonly host?: string; readonly port: number },
  method: string,
  path: string,
  headers: Headers = {},
  body = "",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const upgrades = method === "WebSocket";
    const sent = request({
      host: to.host ?? "127.0.0.1",
      port: to.port,
      method: upgrades ? "GET" : method,
      path,
      headers: { Connection: "close", ...(upgrades && WEBSOCKET), ...headers },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    sent.on("error", reject);
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(String(response.statusCode));
    });
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("close", () => {
        const text = Buffer.concat(chunks).toString();
        resolve(`${response.statusCode} ${text.replaceAll(/"uptimeMs":\d+|nonce-[\w+/=-]+/g, "")}`);
      });
    });
    sent.end(body);
  });
}

/** Adds top-level members to the `openclaw.json` of a gateway that has not started yet. */
const withConfig = (members: object) => async (home: { readonly path: string }) => {
  const path = join(home.path, ".openclaw", "openclaw.json");
  const config: object = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...config, ...members }));
};

describe.each(chosenVersions())("openclaw %s and clients without a credential", (version) => {
  const outside = outsideAddress();
  const diffs = version === WITH_DIFFS;
  let gateway: Gateway;
  let shim: ShimProcess;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version), {
      config: {
        bind: "lan",
        controlUi: { allowedOrigins: ["https://openclaw.example"] },
        http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } },
      },
      prepare: withConfig({
        hooks: { enabled: true, token: "the-token-of-the-hooks" },
        ...(diffs && { plugins: { allow: ["diffs"], entries: { diffs: { enabled: true } } } }),
      }),
    });
    shim = await startShimProcess(gateway.url);
    return async () => {
      await shim.close();
      await gateway.close();
    };
  }, SLOW.timeout);

  const each = (paths: readonly string[]) =>
    paths.flatMap((path) => ["GET", "POST", "WebSocket"].map((method) => [method, path] as const));

  it.runIf(outside)("serves a few routes to local clients only", SLOW, async () => {
    const found: string[] = [];
    for (const [method, path] of each(await routesIn(gateway.openclaw))) {
      const [local, remote] = [
        await ask(gateway, method, path),
        await ask({ host: outside ?? "", port: gateway.port }, method, path),
      ];
      if (local !== remote && ![local, remote].some(isLimited)) found.push(`${method} ${path}`);
    }
    expect(found.toSorted()).toEqual([...(LOCAL_ONLY[version] ?? [])].toSorted());
  });

  it("gets none of them through the shim, and a program on its machine gets all", SLOW, async () => {
    for (const known of LOCAL_ONLY[version] ?? []) {
      const [method = "", path = ""] = known.split(" ");
      const denied = await ask(shim, method, path, FORWARDED);
      expect([known, denied.slice(0, 3)]).toEqual([known, statusOf(path)]);
      expect([known, await ask(shim, method, path)]).toEqual([known, await ask(gateway, method, path)]);
    }
    for (const path of ["/__openclaw__/a2ui/", "/__openclaw__/cap/wrong/__openclaw__/a2ui/"]) {
      const wrong = { ...FORWARDED, Authorization: "Bearer wrong" };
      expect([path, (await ask(shim, "GET", path, wrong)).slice(0, 3)]).toEqual([path, "401"]);
    }
  });

  it("gets every other route as a local client does", SLOW, async () => {
    const known = new Set(LOCAL_ONLY[version]);
    const others: string[] = [];
    for (const path of await routesIn(gateway.openclaw)) {
      if (known.has(`GET ${path}`) || path.startsWith("/__openclaw__/")) continue;
      const direct = await ask(gateway, "GET", path);
      const relayed = await ask(shim, "GET", path, FORWARDED);
      if (direct !== relayed && ![direct, relayed].some(isLimited)) others.push(path);
    }
    expect(others).toEqual([]);
  });

  it("gets what a credential opens, with the right one", async () => {
    const bearer = (token: string) => ({ ...FORWARDED, Authorization: `Bearer ${token}` });
    const right = bearer(gateway.token);
    const canvas = "/__openclaw__/a2ui/";
    const relayed = await ask(shim, "GET", canvas, right);
    expect(relayed).toBe(await ask(gateway, "GET", canvas, { Authorization: right.Authorization }));
    expect(relayed).not.toMatch(/^40[13]/);
    const json = { "Content-Type": "application/json" };
    const wake = JSON.stringify({ text: "hello", mode: "next-heartbeat" });
    const hook = await ask(
      shim,
      "POST",
      "/hooks/wake",
      { ...bearer("the-token-of-the-hooks"), ...json },
      wake,
    );
    expect(hook).toMatch(/^200 /);
    const call = JSON.stringify({ tool: "no-such-tool", args: {} });
    expect(await ask(shim, "POST", "/tools/invoke", { ...right, ...json }, call)).toMatch(/^404 /);
    expect(await ask(shim, "POST", "/tools/invoke", { ...FORWARDED, ...json }, call)).toMatch(/^401 /);
  });

  it.runIf(diffs)("gets no page of the plugin diffs, which is for local clients", async () => {
    const headers = { Authorization: `Bearer ${gateway.token}`, "Content-Type": "application/json" };
    const call = JSON.stringify({ tool: "diffs", args: { before: "a\n", after: "b\n", mode: "view" } });
    const made = await ask(gateway, "POST", "/tools/invoke", headers, call);
    const [page = ""] = /\/plugins\/diffs\/view\/\w+\/\w+/.exec(made) ?? [made];

    expect(await ask(gateway, "GET", page)).toMatch(/^200 /);
    expect(await ask(gateway, "GET", page, FORWARDED)).toMatch(/^404 /);
    expect(await ask(shim, "GET", page)).toMatch(/^200 /);
    for (const path of [
      page,
      `/__openclaw__/cap/wrong${page}`,
      `//x${page}`,
      page.replace("diffs", "%64iffs"),
    ]) {
      expect([path, await ask(shim, "GET", path, FORWARDED)]).not.toEqual([
        path,
        await ask(gateway, "GET", page),
      ]);
    }
  });
});

describe.each(chosenVersions())("openclaw %s's Control UI below a path", (version) => {
  it("loads and connects through a header-injecting proxy and the shim", SLOW, async () => {
    const openclaw = await installOpenClaw(version);
    const gateway = await startGateway(openclaw, { config: { controlUi: { basePath: "/openclaw" } } });
    onTestFinished(() => gateway.close());
    const port = await freePort();
    const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port } });
    onTestFinished(() => proxy.close());
    const origin = `http://127.0.0.1:${proxy.port}`;
    const shim = await startShimProcess(gateway.url, ["--allow-origin", origin], {
      listen: [`127.0.0.1:${port}`],
    });
    onTestFinished(() => shim.close());
    const browser = await openBrowserPage();
    onTestFinished(() => browser.close());
    const failed: string[] = [];
    browser.page.on("response", (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });

    await browser.page.goto(`${origin}/openclaw/#token=${gateway.token}`);

    expect(await shim.outcome()).toMatchObject({ outcome: "connected" });
    expect(failed).toEqual([]);
  });
});
