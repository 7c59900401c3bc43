import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { connectThrough, outcomeLineOf, startFakeGatewayWithShim } from "../support/gateways.ts";
import { challenge, connectRequest } from "../support/messages.ts";
import { acceptUpgrade, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { freePort, upgradeRequest } from "../support/raw.ts";
import { openShimFor } from "../support/shim.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";

describe("an upgrade without a response to a connect request", () => {
  it("is gateway-unreachable at level error if no server listens, and the client receives 502", async () => {
    const shim = await openShimFor({ port: await freePort() });
    const result = await connectThrough(shim);
    expect(result).toMatchObject({ http: { status: 502 } });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "gateway-unreachable", reason: "ECONNREFUSED" });
    expect(outcome.fix).toContain("openclaw gateway run");
    expect(outcomeLineOf(shim, outcome.conn)).toMatchObject({ level: "error" });
  });

  it("is gateway-refused with status and type if the gateway refuses with HTTP", async () => {
    const body = JSON.stringify({ error: { type: "proxy_attribution_required", message: "m" } });
    const response = `HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { shim, upgrade } = await startRawGatewayWithShim((socket) => socket.write(response));
    await upgrade().closed();
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({
      outcome: "gateway-refused",
      reason: "proxy_attribution_required",
      http: { status: 403, type: "proxy_attribution_required" },
    });
    expect(outcome.fix).toContain("--gateway at the gateway itself");
  });

  it("is gateway-refused with the status if the response has no type", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) =>
      socket.end("HTTP/1.1 404 Not Found\r\n\r\nnothing"),
    );
    await upgrade().closed();
    expect(await shim.outcome()).toMatchObject({ reason: "HTTP 404", http: { status: 404 } });
  });

  it("is gateway-closed if the gateway closes after the challenge", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => socket.end(frame(TEXT, challenge, false))),
    );
    await upgrade().closed();
    expect(await shim.outcome()).toMatchObject({ outcome: "gateway-closed", reason: "before connect" });
  });

  it("is abandoned if the client disconnects after its connect request", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim(acceptUpgrade());
    const client = upgrade();
    await client.until((text) => text.includes("\r\n\r\n"));
    client.socket.end(frame(TEXT, connectRequest({ client: { id: "cli" } }), true));
    expect(await shim.outcome()).toMatchObject({
      outcome: "abandoned",
      reason: "after connect",
      client: { id: "cli" },
      role: "operator",
    });
  });

  it("is abandoned if the client sends the first close", async () => {
    const { shim } = await startFakeGatewayWithShim();
    const client = new WebSocket(`ws://${shim.authority}`);
    await once(client, "message");
    client.close(4000, "changed my mind");
    const close = { code: 4000, reason: "changed my mind" };
    expect(await shim.outcome()).toMatchObject({ outcome: "abandoned", reason: "close 4000", close });
  });

  it("is denied if the gate refuses, and nothing reaches the gateway", async () => {
    const { shim, fakeGateway } = await startFakeGatewayWithShim();
    const result = await connectThrough(shim, { origin: "not an origin" });
    expect(result).toMatchObject({ http: { status: 403 } });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "denied", reason: "origin_malformed", http: { status: 403 } });
    expect(outcome.fix).toContain("Origin");
    expect(fakeGateway.requests).toEqual([]);
  });

  it("is denied if the path is one of the shim's own", async () => {
    const { shim, upgrade, requests } = await startRawGatewayWithShim();
    expect(await upgrade(upgradeRequest([], "/__shim__/health")).closed()).toMatch(/^HTTP\/1.1 404 /);
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "not_found" });
    expect(requests).toEqual([]);
  });
});
