import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startScriptedGateway } from "../support/gateways.ts";
import { connectRequest, helloOk, refusal } from "../support/messages.ts";
import { startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { openShimFor, type TestShim } from "../support/shim.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";

/** Every value with this text is a secret that must not be logged. */
const CANARY = "Canary0xDEADBEEF";

const HEADERS = {
  Authorization: `Bearer ${CANARY}`,
  Cookie: `session=${CANARY}`,
  "Proxy-Authorization": `Basic ${CANARY}`,
  "Sec-WebSocket-Protocol": CANARY,
  "X-Api-Key": CANARY,
  "X-Forwarded-For": `for ${CANARY}`,
  Forwarded: `for=1.2.3.4;secret="${CANARY} x"`,
  "Cf-Access-Jwt-Assertion": CANARY,
  "X-Original-Url": `/?token=${CANARY}`,
};
const PARAMS = {
  client: {
    id: "cli",
    mode: "cli",
    version: "1",
    platform: "linux",
    displayName: CANARY,
    instanceId: CANARY,
  },
  scopes: ["operator.read"],
  auth: { token: CANARY, password: CANARY, deviceToken: CANARY, bootstrapToken: CANARY },
  device: { id: "d".repeat(64), publicKey: "pk", signature: CANARY, signedAt: 1, nonce: CANARY },
  locale: CANARY,
  userAgent: CANARY,
};

async function connectWithCanaries(shim: TestShim): Promise<void> {
  const socket = new WebSocket(`ws://${shim.authority}/chat?token=${CANARY}&x=1`, [CANARY], {
    headers: HEADERS,
  });
  socket.on("error", () => {});
  socket.on("message", () => socket.send(connectRequest(PARAMS)));
  await shim.outcome();
  socket.terminate();
}

function expectNoCanary(shim: TestShim): void {
  expect(shim.outcomes).toHaveLength(1);
  expect(shim.lines.length).toBeGreaterThan(1);
  expect(JSON.stringify([shim.lines, shim.outcomes])).not.toContain(CANARY);
}

describe("no log line or outcome has a secret", () => {
  it("of a connection that succeeds", async () => {
    const auth = { role: "operator", scopes: ["operator.read"], deviceToken: CANARY };
    const payload = { auth, snapshot: { secret: CANARY } };
    const shim = await openShimFor(
      await startScriptedGateway((socket, id) => socket.send(helloOk(payload, id))),
    );
    await connectWithCanaries(shim);
    expect(shim.outcomes[0]).toMatchObject({ outcome: "connected", deviceToken: "issued", path: "/chat" });
    expectNoCanary(shim);
  });

  it("of a connection that is refused with a message that quotes it", async () => {
    const details = { code: "AUTH_TOKEN_MISMATCH", token: CANARY, hint: CANARY };
    const error = { code: "INVALID_REQUEST", message: `bad token ${CANARY}`, details };
    const shim = await openShimFor(
      await startScriptedGateway((socket, id) => {
        socket.send(refusal(error, id));
        socket.close(1008, "unauthorized");
      }),
    );
    await connectWithCanaries(shim);
    expect(shim.outcomes[0]).toMatchObject({ outcome: "unauthorized" });
    expectNoCanary(shim);
  });

  it("of an upgrade that the gateway refuses with HTTP", async () => {
    const body = JSON.stringify({ error: { type: "nope", message: CANARY } });
    const { shim } = await startRawGatewayWithShim((socket) =>
      socket.end(
        `HTTP/1.1 401 ${CANARY}\r\nWWW-Authenticate: ${CANARY}\r\nSet-Cookie: a=${CANARY}\r\n\r\n${body}`,
      ),
    );
    await connectWithCanaries(shim);
    expect(shim.outcomes[0]).toMatchObject({
      outcome: "gateway-refused",
      http: { status: 401, type: "nope" },
    });
    expectNoCanary(shim);
  });

  it.each([
    ["a query", upgradeRequest([`Connection: host`], `/p?token=${CANARY}`)],
    ["a fragment", upgradeRequest([`Connection: host`], `/p#token=${CANARY}`)],
    ["userinfo", upgradeRequest([], `http://user:${CANARY}@127.0.0.1/`)],
    ["a page of the shim", upgradeRequest([], `/__shim__/x?token=${CANARY}`)],
  ])("of a denied request with %s", async (_part, request) => {
    const { shim } = await startRawGatewayWithShim();
    await rawClient(shim.port, request).closed();
    expect(shim.outcomes[0]).toMatchObject({ outcome: "denied" });
    expectNoCanary(shim);
  });

  it("of unreadable frames", async () => {
    const { shim, upgrade } = await startRawGatewayWithShim((socket) => {
      socket.write("HTTP/1.1 101 S\r\n\r\n");
      socket.write(frame(TEXT, CANARY, true));
    });
    upgrade();
    expect(await shim.outcome()).toMatchObject({ outcome: "not-gateway-protocol" });
    expectNoCanary(shim);
  });
});
