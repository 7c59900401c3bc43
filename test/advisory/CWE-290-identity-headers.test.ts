import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { handshake } from "../support/client.ts";
import { IDENTITY } from "../support/header-fields.ts";
import { rawClient } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * CWE-290, authentication bypass by spoofing. With `gateway.auth.mode: "trusted-proxy"` the header that `userHeader`
 * names signs a client in. The shim connects from loopback, which such a configuration trusts on 2026.2.19, so a client
 * must not bring that header through the shim. test/gateway/identity-headers.test.ts shows it on the real gateway.
 */
async function startTrustingGateway(userHeader: string) {
  const gateway = await startFakeGateway({
    release: "2026.2.19",
    token: "t",
    trustedProxies: ["127.0.0.1"],
    userHeader: userHeader.toLowerCase(),
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** A new device that names a user, and this machine, which 2026.2.19 then pairs silently. */
const named = (name: string) => ({
  device: createDevice(),
  headers: { [name]: "owner@example.com", "X-Forwarded-For": "127.0.0.1" },
});

describe("a client that names itself as a user", () => {
  it.each(IDENTITY)("is signed in by the gateway, but not through the shim: %s", async (name) => {
    const gateway = await startTrustingGateway(name);
    const shim = await openShimFor(gateway);
    const url = `ws://${shim.authority}`;

    expect(await handshake({ url: gateway.url, ...named(name) })).toMatchObject({ ok: true });
    expect(await handshake({ url, ...named(name) })).toMatchObject({ ok: false });

    expect(await shim.outcome()).toMatchObject({
      outcome: "unauthorized",
      normalized: { stripped: { [name.toLowerCase()]: "(not shown)" } },
    });
  });
});

describe("a header of a product that the table does not know", () => {
  const NAME = "X-Corp-Staff-Id";

  it("is deleted with --strip, and its value is not in the log", async () => {
    const gateway = await startTrustingGateway(NAME);
    const shim = await openShimFor(gateway, { strip: ["x-corp-staff-id"] });
    const url = `ws://${shim.authority}`;

    await handshake({ url, ...named("x_corp_staff-ID") });

    expect(await shim.outcome()).toMatchObject({
      outcome: "unauthorized",
      normalized: { stripped: { "x_corp_staff-id": "(not shown)" } },
    });
    expect(JSON.stringify(shim.lines)).not.toContain("owner@example.com");
  });

  it("is refused with --forwarded reject, and counts in a plain request, too", async () => {
    const gateway = await startTrustingGateway(NAME);
    const shim = await openShimFor(gateway, { strip: ["x-corp-staff-id"], forwarded: "reject" });
    const client = rawClient(
      shim.port,
      `GET / HTTP/1.1\r\nHost: localhost\r\n${NAME}: 7\r\nConnection: close\r\n\r\n`,
    );

    expect(await client.closed()).toContain('"type":"forwarded_rejected"');
    expect(gateway.requests).toEqual([]);
  });
});
