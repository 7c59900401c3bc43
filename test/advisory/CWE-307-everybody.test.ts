// CWE-307: whoever varies Origin or a forwarding field, tries in parallel, or does not wait for the response could try
// any number of credentials; and whoever fails often could lock others out (CWE-645).
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { startFakeGatewayWithShim, TOKEN } from "../support/gateways.ts";
import { challenge, connectRequest } from "../support/messages.ts";
import { acceptUpgrade, openSlots, startRawGatewayWithShim } from "../support/raw-gateway.ts";
import { upgradeRequest } from "../support/raw.ts";
import type { TestShim } from "../support/shim.ts";
import { frame, TEXT } from "../support/websocket-frames.ts";

const SERVE = "box.tail1234.ts.net";
/** What Tailscale Serve adds to a request. */
const SERVE_FIELDS = {
  Host: SERVE,
  "X-Forwarded-For": "100.101.102.103",
  "X-Forwarded-Host": SERVE,
  "X-Forwarded-Proto": "https",
  "Tailscale-User-Login": "eve@example.com",
};
const SETTINGS = { allowHost: [SERVE], allowOrigin: [`https://${SERVE}`] };
const PARALLEL = 60;

type Head = Partial<Pick<HandshakeOptions, "headers" | "origin">>;

const HEADS: readonly (readonly [what: string, head: (i: number) => Head, most: number])[] = [
  ["Tailscale Serve", () => ({ headers: SERVE_FIELDS }), 14],
  ["Tailscale Serve and an allowed Origin", () => ({ headers: SERVE_FIELDS, origin: `https://${SERVE}` }), 4],
  ["public addresses that change", (i) => ({ headers: { "X-Forwarded-For": `203.0.113.${i}` } }), 16],
  ["subdomains as Origins", (i) => ({ origin: `http://s${i}.example` }), 4],
  ["no forwarding field", () => ({}), 14],
];

function attempt(
  shim: TestShim,
  token: string,
  head: Head,
  device = createDevice(),
): Promise<HandshakeResult> {
  return handshake({ url: `ws://${shim.authority}`, token, device, ...head });
}

/** Makes the shim's clock, not the sockets', run faster than time until the promise settles. */
async function hurry<T>(promise: Promise<T>): Promise<T> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  const pause = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 5, false));
  while (!(await Promise.race([settled, pause()]))) vi.advanceTimersByTime(100);
  return promise;
}

function useFastClock(): void {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
}

describe.each(HEADS)("wrong tokens in parallel, with %s", (_what, headOf, most) => {
  it("are limited, and keep nobody out who has the right one", async () => {
    useFastClock();
    // The release that judges a token before the Origin.
    const { shim } = await startFakeGatewayWithShim({ release: "2026.2.19" }, SETTINGS);
    const known = createDevice();
    expect(await attempt(shim, TOKEN, headOf(0), known)).toMatchObject({ ok: true });

    const attack = Promise.all(
      Array.from({ length: PARALLEL }, (_, i) => attempt(shim, `wrong-${i}`, headOf(i))),
    );
    // Until most of them are refused, the clock stands still.
    await shim.outcome(PARALLEL - 5);
    expect(await attempt(shim, TOKEN, headOf(1), known)).toMatchObject({ ok: true });
    const [results, owner] = await hurry(Promise.all([attack, attempt(shim, TOKEN, headOf(1))]));

    expect(owner).toMatchObject({ ok: true });
    const judged = results.filter((result) => !result.ok && result.error !== undefined);
    expect(judged.length).toBeLessThanOrEqual(most);
    expect(results.filter((result) => !result.ok && result.close?.code === 1013)).toHaveLength(
      PARALLEL - judged.length,
    );
  });
});

it("wrong tokens in parallel are limited with --max-scopes, too", async () => {
  useFastClock();
  const { shim } = await startFakeGatewayWithShim({}, { maxScopes: ["operator.read"] });
  const attack = Array.from({ length: PARALLEL }, (_, i) => attempt(shim, `wrong-${i}`, {}));
  const results = await hurry(Promise.all(attack));
  expect(results.filter((result) => !result.ok && result.close?.code === 1013).length).toBeGreaterThan(40);
  expect(await hurry(attempt(shim, TOKEN, {}))).toMatchObject({ ok: true });
});

describe("attempts count", () => {
  it("if their client disconnects as soon as it has sent its connect", async () => {
    useFastClock();
    let judged = 0;
    const { shim, upgrade } = await startRawGatewayWithShim(
      acceptUpgrade((socket) => {
        socket.write(frame(TEXT, challenge, false));
        socket.once("data", () => (judged += 1));
      }),
    );
    for (let i = 0; i < PARALLEL; i += 1) {
      const client = upgrade(upgradeRequest());
      await client.until((text) => text.includes("connect.challenge"));
      client.socket.end(frame(TEXT, connectRequest({ auth: { token: `wrong-${i}` } }), true));
      await shim.outcome(i);
    }
    // Those that waited are not forwarded after their clients have disconnected.
    await shim.outcome(PARALLEL - 1);
    vi.advanceTimersByTime(10_000);
    await expect.poll(() => openSlots(shim)).toBe(0);
    expect(judged).toBe(10);
  });

  it.each([
    [
      "a header field",
      (token: string) => `POST /v1/responses HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n`,
    ],
    [
      "the query",
      (token: string) => `GET /__openclaw__/assistant-media?source=x&token=${token} HTTP/1.1\r\n`,
    ],
  ])("over plain HTTP with %s, and a right one gets its response", async (_where, head) => {
    useFastClock();
    const { upgrade, gateway } = await startRawGatewayWithShim((socket, received) =>
      socket.end(
        `HTTP/1.1 ${received.includes("right") ? 200 : 401} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    const send = (token: string): Promise<string> =>
      upgrade(`${head(token)}Host: localhost\r\nConnection: close\r\n\r\n`).closed();
    const attack = Promise.all(Array.from({ length: PARALLEL }, (_, i) => send(`wrong-${i}`)));
    const responses = await hurry(attack);
    expect(
      responses.filter((text) => /^HTTP\/1.1 429 .*\r\nRetry-After: 15\r\n/s.test(text)).length,
    ).toBeGreaterThan(40);
    expect(gateway.received().split("wrong-").length - 1).toBeLessThan(20);
    expect(await hurry(send("right"))).toMatch(/^HTTP\/1.1 200/);
  });

  it("not if the client aborts, for a right one that follows", async () => {
    const { shim, requests, upgrade } = await startRawGatewayWithShim((socket, received) => {
      if (received.includes("last")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer right\r\n";
    for (let i = 0; i < 10; i += 1) {
      const client = upgrade(`${head}\r\n`);
      await expect.poll(() => requests.length).toBe(i + 1);
      client.socket.destroy();
    }
    expect(await upgrade(`${head}X-Note: last\r\n\r\n`).closed()).toMatch(/^HTTP\/1.1 200/);
    expect(shim.lines.filter(({ event }) => event === "request.denied")).toEqual([]);
    for (const socket of requests) socket.destroy();
  });
});

it("the right token waits 5 s at most, as a WebSocket and over HTTP, after 60 wrong ones each", async () => {
  const { shim } = await startFakeGatewayWithShim();
  const get = async (token: string): Promise<number> => {
    const headers = { Authorization: `Bearer ${token}` };
    return (await fetch(`http://${shim.authority}/seen`, { headers })).status;
  };
  await Promise.race([
    Promise.all(Array.from({ length: PARALLEL }, (_, i) => attempt(shim, `wrong-${i}`, {}))),
    shim.outcome(PARALLEL - 5),
  ]);
  const startedAt = performance.now();
  const [owner, status] = await Promise.all([attempt(shim, TOKEN, {}), get(TOKEN)]);
  expect([owner.ok, status]).toEqual([true, 200]);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
