import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../../support/client.ts";
import { startInjectingProxy, type InjectingProxy } from "../../support/header-injecting-proxy.ts";
import { FAKE_RELEASES } from "../../fake-gateway/behaviors.ts";
import { openTestShim } from "../../support/shim.ts";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor, toFix } from "./run.ts";

async function proxyTo(
  port: number,
  options: Partial<Parameters<typeof startInjectingProxy>[0]> = {},
): Promise<InjectingProxy> {
  const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port }, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

describe.each(FAKE_RELEASES)("a path of the tools to a gateway of %s", (release) => {
  it("that leads past the shim and adds headers is found, and nothing is left of looking", async () => {
    const gateway = await startTestGateway({ release });
    const proxy = await proxyTo(gateway.port, { host: "sandbox.example.com" });

    const run = await runDoctor([], {
      HOME: makeHome(sectionOf(gateway)),
      OPENCLAW_GATEWAY_URL: proxy.url,
    });

    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    expect(toFix(run)).toEqual(["tools", "path"]);
    expect(run.of("path")[0]?.finding).toContain("leads to the gateway past the shim");
    expect(run.of("path")[0]?.finding).toContain(`pid ${process.pid}`);
    expect(gateway.pairing.pending).toEqual([]);
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("that leads through the shim is local, and what it adds is named", async () => {
    const gateway = await startTestGateway({ release });
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const proxy = await proxyTo(shim.port, { host: "sandbox.example.com" });

    const run = await runDoctor(["--listen", shim.authority], {
      HOME: makeHome(sectionOf(gateway)),
      OPENCLAW_GATEWAY_URL: proxy.url,
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(toFix(run)).toEqual([]);
    const [path] = run.of("path", "ok");
    for (const added of ["x-forwarded-for=203.0.113.7", "via=1.1 edge", "Host to sandbox.example.com"]) {
      expect(path?.finding).toContain(added);
    }
    expect(run.of("tools", "ok")[0]?.finding).toContain("they connect to the shim, by way of");
    expect(gateway.pairing.paired).toEqual([]);
    // Checking must not leave a false alarm in the shim's own log: the proxy rewrites Host.
    expect(shim.lines.filter(({ event }) => event === "request.denied")).toEqual([]);
  });
});

describe("what infrastructure adds", () => {
  it.each([
    ["2026.4.5", "ok", "is local without a shim: nothing that matters to the gateway is added on it"],
    [
      "2026.3.23",
      "fix",
      "leads to the gateway past the shim, and forwarding headers are added, or Host is rewritten",
    ],
  ] as const)("is judged by what it means to %s if it is another Host", async (release, status, words) => {
    const gateway = await startTestGateway({ release });
    const proxy = await proxyTo(gateway.port, { headers: [], host: "sandbox.example.com" });

    const run = await runDoctor(["--gateway", gateway.url, "--via", proxy.url], {
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(run).toMatchObject({ local: true, left: [] });
    expect(run.of("path", status)[0]?.finding).toContain(words);
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("shows in the outcomes of the shim that runs, without any --via", async () => {
    const gateway = await startTestGateway();
    const shim = await openTestShim(gateway.port);
    onTestFinished(() => shim.close());
    const proxy = await proxyTo(shim.port, { headers: [["x-vercel-id", "fra1::1"]], host: "sb.vercel.run" });
    await handshake({ url: proxy.url, token: "wrong" });
    await shim.outcome();

    const run = await runDoctor(["--listen", shim.authority, "--gateway", gateway.url], {
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    const [traffic] = run.of("traffic", "note");
    expect(traffic?.finding).toContain("1 of the last 1 connection(s) came with x-vercel-id");
    expect(traffic?.finding).toContain("Vercel");
    expect(traffic?.finding).toContain("Host was rewritten to sb.vercel.run");
  });
});
