import { afterEach, describe, expect, it } from "vitest";
import { handshake } from "./client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { FORWARDING_HEADERS, startInjectingProxy } from "./header-injecting-proxy.ts";
import type { InjectingProxy, InjectingProxyOptions } from "./header-injecting-proxy.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import type { FakeGateway } from "../fake-gateway/server.ts";
import { startRawServer } from "./raw.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function behind(
  options: Partial<InjectingProxyOptions>,
  release: FakeGateway["release"] = "2026.4.5",
): Promise<[InjectingProxy, FakeGateway]> {
  const gateway = await startFakeGateway({ release, token: "t" });
  const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port: gateway.port }, ...options });
  opened.push(proxy, gateway);
  return [proxy, gateway];
}

function valueOf(rawHeaders: readonly string[] | undefined, name: string): string | undefined {
  const at = rawHeaders?.findIndex((header, index) => index % 2 === 0 && header.toLowerCase() === name) ?? -1;
  return at < 0 ? undefined : rawHeaders?.[at + 1];
}

describe("the header-injecting proxy", () => {
  it("adds the forwarding headers to an upgrade and sets Host, so that the client is not local", async () => {
    const [proxy, gateway] = await behind({ host: "sandbox.example.com" });
    const result = await handshake({ url: proxy.url, token: "t", device: createDevice() });
    expect(result).toMatchObject({ error: { details: { reason: "not-paired" } } });
    const [upgrade] = gateway.requests;
    expect(valueOf(upgrade?.rawHeaders, "host")).toBe("sandbox.example.com");
    expect(upgrade?.rawHeaders.slice(-2 * FORWARDING_HEADERS.length)).toEqual(FORWARDING_HEADERS.flat());
  });

  it("passes on the whole HTTP refusal of an upgrade", async () => {
    const [proxy] = await behind({}, "2026.9.6");
    const result = await handshake({ url: proxy.url, token: "t", device: createDevice() });
    expect(result).toMatchObject({
      http: { status: 403, body: expect.stringContaining("proxy_attribution_required") },
    });
  });

  it("changes nothing if it has nothing to add", async () => {
    const [proxy, gateway] = await behind({ headers: [] });
    expect(await handshake({ url: proxy.url, token: "t", device: createDevice() })).toMatchObject({
      ok: true,
    });
    expect(valueOf(gateway.requests[0]?.rawHeaders, "host")).toBe(`127.0.0.1:${proxy.port}`);
  });

  it("copies bytes both ways after the header section, large messages too", async () => {
    const [proxy] = await behind({ headers: [] });
    const result = await handshake({ url: proxy.url, token: "t", device: createDevice(), keepOpen: true });
    const session = result.ok ? result.session : undefined;
    const large = "z".repeat(1_000_000);
    expect(await session?.request("echo", { large })).toEqual({ large });
    await session?.close();
  });

  it("does the same to plain HTTP requests", async () => {
    const [proxy, gateway] = await behind({
      headers: [["X-Real-IP", "203.0.113.7"]],
      host: "sandbox.example.com",
    });
    const url = `http://127.0.0.1:${proxy.port}`;
    const echoed = await fetch(`${url}/echo`, { method: "POST", body: "hello" });
    expect(await echoed.text()).toBe("hello");
    expect((await fetch(`${url}/health`)).status).toBe(200);
    for (const { rawHeaders } of gateway.requests) {
      expect(valueOf(rawHeaders, "host")).toBe("sandbox.example.com");
      expect(valueOf(rawHeaders, "x-real-ip")).toBe("203.0.113.7");
    }
    expect(gateway.requests).toHaveLength(2);
  });

  it("closes the other side when one closes, and responds 502 if the target does not listen", async () => {
    const server = await startRawServer((socket) => socket.destroy());
    const proxy = await startInjectingProxy({ target: { host: "127.0.0.1", port: server.port } });
    opened.push(proxy);
    expect(await handshake({ url: proxy.url })).toMatchObject({ ok: false });
    await server.close();
    expect((await fetch(`http://127.0.0.1:${proxy.port}/`)).status).toBe(502);
  });
});
