import { describe, expect, it } from "vitest";
import { handshake } from "../../src/openclaw/connect.ts";
import { ERAS } from "./eras.ts";
import type { Era } from "./eras.ts";
import { startStandIn } from "./server.ts";
import { createDevice } from "../../src/openclaw/device.ts";

const PAGE = { id: "openclaw-control-ui", mode: "webchat", buildId: "dev" };

/** Section 4 of gateway.md. */
describe.each(ERAS)("a page at %s", (era: Era) => {
  it.each([
    { what: "of loopback", origin: "http://127.0.0.1:1", ok: true },
    { what: "of elsewhere", origin: "http://evil.example", ok: false },
    { what: "of an opaque origin", origin: "null", ok: false },
    { what: "without Origin", ok: false },
    { what: "that is allowed", origin: "https://app.example", ok: true },
    // The name that DNS rebinding gives Host and Origin: the same. Only the oldest release falls for it.
    {
      what: "of a rebound name",
      origin: "http://evil.example",
      headers: { Host: "evil.example" },
      ok: era === "2026.2.19",
    },
  ])("$what: $ok", async ({ what: _what, ok, ...from }) => {
    const gateway = await startStandIn({ era, token: "t", allowedOrigins: ["https://app.example"] });
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

it("a page of 2026.9's own Host must be of its build", async () => {
  const gateway = await startStandIn({ era: "2026.9.6", token: "t" });
  const page = {
    url: gateway.url,
    token: "t",
    device: createDevice(),
    origin: gateway.url.replace("ws", "http"),
  };
  const stale = await handshake({ ...page, client: { ...PAGE, buildId: "old" } });
  const current = await handshake({ ...page, client: { ...PAGE, buildId: gateway.era } });
  await gateway.close();
  expect(stale).toMatchObject({
    error: { code: "UNAVAILABLE", details: { code: "PROTOCOL_MISMATCH", reloadRequired: true } },
  });
  expect(current).toMatchObject({ ok: true });
});
