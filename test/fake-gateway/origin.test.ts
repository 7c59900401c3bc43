import { describe, expect, it } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { FAKE_RELEASES } from "./behaviors.ts";
import type { FakeRelease } from "./behaviors.ts";
import { startFakeGateway } from "./server.ts";

const PAGE = { id: "openclaw-control-ui", mode: "webchat", buildId: "dev" };

/** docs/gateway.md section 4. */
describe.each(FAKE_RELEASES)("a page at %s", (release: FakeRelease) => {
  it.each([
    { what: "with a loopback origin", origin: "http://127.0.0.1:1", ok: true },
    { what: "with a foreign origin", origin: "http://evil.example", ok: false },
    { what: "with an opaque origin", origin: "null", ok: false },
    { what: "without an Origin", ok: false },
    { what: "with an allowed origin", origin: "https://app.example", ok: true },
    // DNS rebinding makes Host and Origin the same name. Only the oldest release accepts it.
    {
      what: "with a rebound name",
      origin: "http://evil.example",
      headers: { Host: "evil.example" },
      ok: release === "2026.2.19",
    },
  ])("$what: $ok", async ({ what: _what, ok, ...from }) => {
    const gateway = await startFakeGateway({ release, token: "t", allowedOrigins: ["https://app.example"] });
    const result = await handshake({
      url: gateway.url,
      token: "t",
      client: PAGE,
      device: createDevice(),
      ...from,
    });
    await gateway.close();
    const originRefused = !result.ok && result.error?.message.startsWith("origin not allowed") === true;
    expect(originRefused).toBe(!ok);
  });
});

it("a page from 2026.9's own Host must have its build id", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "t" });
  const page = {
    url: gateway.url,
    token: "t",
    device: createDevice(),
    origin: gateway.url.replace("ws", "http"),
  };
  const stale = await handshake({ ...page, client: { ...PAGE, buildId: "old" } });
  const current = await handshake({ ...page, client: { ...PAGE, buildId: gateway.release } });
  await gateway.close();
  expect(stale).toMatchObject({
    error: { code: "UNAVAILABLE", details: { code: "PROTOCOL_MISMATCH", reloadRequired: true } },
  });
  expect(current).toMatchObject({ ok: true });
});
