import { describe, expect, it } from "vitest";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";

const FRAMES = "frames before the 101";

describe("frames that a client sends before the 101", () => {
  it("reach the gateway only after its 101", async () => {
    let before = "";
    const { gateway, upgrade } = await startRawGatewayWithShim((socket) => {
      setTimeout(() => {
        before = gateway.received();
        socket.write(SWITCHING_PROTOCOLS);
      }, 50);
    });
    const client = upgrade(`${upgradeRequest()}${FRAMES}`);
    client.socket.write(" in two pieces");
    await client.until((text) => text.includes("\r\n\r\n"));
    await expect.poll(() => gateway.received()).toMatch(new RegExp(`\r\n\r\n${FRAMES} in two pieces$`));
    expect(before).not.toContain(FRAMES);
  });

  it("are not a second request to a gateway that refuses the upgrade", async () => {
    const { gateway, upgrade, allClosed } = await startRawGatewayWithShim((socket) =>
      socket.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
    );
    await upgrade(`${upgradeRequest()}GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`).closed();
    await allClosed();
    expect(gateway.received()).not.toContain("smuggled");
  });

  it("above 64 KiB are refused with 400 and do not reach the gateway", async () => {
    const { gateway, shim, requests, upgrade, allClosed } = await startRawGatewayWithShim();
    const client = upgrade();
    await expect.poll(() => requests.length).toBe(1);
    client.socket.write(Buffer.alloc(70_000, "x"));
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 .*"type":"malformed_request"/s);
    await allClosed();
    expect(shim.outcomes).toMatchObject([
      { outcome: "denied", reason: "malformed_request", http: { status: 400 } },
    ]);
    expect(gateway.received()).not.toContain("xxx");
  });
});

describe("frames that the gateway sends with its 101", () => {
  it("reach the client", async () => {
    const { upgrade } = await startRawGatewayWithShim((socket) =>
      socket.write(`${SWITCHING_PROTOCOLS}first frames`),
    );
    expect(await upgrade().until((text) => text.endsWith("frames"))).toBe(
      `${SWITCHING_PROTOCOLS}first frames`,
    );
  });

  it("reach the client before the close that follows them", async () => {
    const { upgrade, allClosed } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.end("last frames")),
    );
    expect(await upgrade().closed()).toBe(`${SWITCHING_PROTOCOLS}last frames`);
    await allClosed();
  });
});
