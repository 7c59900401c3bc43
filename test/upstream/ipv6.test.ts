import { describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import { openShimFor } from "../support/shim.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";

describe("a gateway and a listener on [::1]", () => {
  it("work: the gateway sees the peer ::1 and an IPv6 authority", async () => {
    const fakeGateway = await startFakeGateway({ release: "2026.9.6", token: "t", host: "::1" });
    onTestFinished(() => fakeGateway.close());
    const authority = `[::1]:${fakeGateway.port}`;
    const shim = await openShimFor(fakeGateway, {
      listen: [{ host: "::1", port: 0 }],
      gateway: {
        url: `ws://${authority}`,
        host: "::1",
        port: fakeGateway.port,
        tls: false,
        authority,
        origin: `http://${authority}`,
      },
    });
    expect(shim.authority).toMatch(/^\[::1\]:\d+$/);
    const url = `ws://${shim.authority}`;
    expect(await handshake({ url, token: "t", device: createDevice() })).toMatchObject({ ok: true });
    expect(await shim.outcome()).toMatchObject({ outcome: "connected", peer: "::1" });
    const [request] = fakeGateway.requests;
    expect(request).toMatchObject({ remoteAddress: "::1" });
    expect(request?.rawHeaders).toContain(authority);
    expect((await fetch(`http://${shim.authority}/health`)).status).toBe(200);
  });
});
