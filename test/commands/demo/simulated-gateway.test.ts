import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulatedGateway } from "../../../src/commands/demo/simulated-gateway.ts";
import { FORWARDING_HEADERS } from "../../../src/commands/demo/infrastructure.ts";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../../support/client.ts";
import { createDevice, type Device } from "../../../src/openclaw/device.ts";
import { isRecord } from "../../../src/text/json.ts";
import { startFakeGateway } from "../../fake-gateway/server.ts";
import type { FakeGateway } from "../../fake-gateway/server.ts";

const TOKEN = "token-of-both";
const PUBLIC_HOST = { Host: "sandbox.example.com" };
const HEADER_SETS: readonly Readonly<Record<string, string>>[] = [
  {},
  PUBLIC_HOST,
  { Host: "localhost:18789" },
  { Host: "[::1]:18789" },
  Object.fromEntries(FORWARDING_HEADERS),
  { ...Object.fromEntries(FORWARDING_HEADERS), ...PUBLIC_HOST },
  ...FORWARDING_HEADERS.flatMap(([name, value]) => [
    { [name]: value },
    { [name]: "" },
    { [name]: value, ...PUBLIC_HOST },
  ]),
  { "X-Forwarded-For": "127.0.0.1" },
  { "X-Forwarded-Prefix": "/a" },
  { "CF-Connecting-IP": "203.0.113.7" },
  { "Tailscale-User-Login": "a@example.com" },
  { "Tailscale-Something": "a" },
];

describe.each(["2026.2.19", "2026.4.5", "2026.9.6"] as const)("the simulated gateway of %s", (release) => {
  let simulated: Awaited<ReturnType<typeof startSimulatedGateway>>;
  let fake: FakeGateway;
  beforeAll(async () => {
    simulated = await startSimulatedGateway(release, TOKEN);
    fake = await startFakeGateway({ release, token: TOKEN });
  });
  afterAll(async () => {
    simulated.close();
    await fake.close();
  });

  /** Connects the CLI to both gateways. */
  function connect(options: Omit<HandshakeOptions, "url">): Promise<[HandshakeResult, HandshakeResult]> {
    const to = ({ port }: { readonly port: number }): Promise<HandshakeResult> =>
      handshake({ url: `ws://127.0.0.1:${port}`, token: TOKEN, ...options });
    return Promise.all([to(simulated), to(fake)]);
  }

  it.each(HEADER_SETS)("decides as the fake gateway does about a device with %j", async (headers) => {
    const device = createDevice();
    // The second attempt shows what the gateway remembers of the first, the third one what of both.
    for (const sent of [headers, {}, headers]) {
      const [actual, expected] = await connect({ device, headers: sent });
      expect(verdict(actual)).toEqual(verdict(expected));
    }
  });

  it("pairs a device of which a request was approved", async () => {
    const device = createDevice();
    const results = await connect({ device, headers: { ...PUBLIC_HOST, "X-Real-IP": "203.0.113.7" } });
    const [simulatedId, fakeId] = results.map(requestIdOf);
    expect(typeof simulatedId).toBe(typeof fakeId);
    if (simulatedId !== undefined) simulated.approve(simulatedId);
    fake.pairing.approve(fakeId ?? "", ["operator.admin"]);
    const [actual, expected] = await connect({ device });
    expect(actual).toMatchObject({ ok: true });
    expect(verdict(actual)).toEqual(verdict(expected));
  });

  it("approves no unknown request", () => {
    expect(() => simulated.approve("unknown")).toThrow("no pending request unknown");
  });

  it.each([
    ["a wrong token", (device: Device) => ({ device, token: "wrong" })],
    ["scopes that are not signed", (device: Device) => ({ device, amend: withScopes("operator.admin") })],
  ])("refuses %s by the same codes", async (_what, options) => {
    const [actual, expected] = (await connect(options(createDevice()))).map(codes);
    expect(actual).toEqual(expected);
    expect(actual).toMatchObject({ code: "INVALID_REQUEST", close: 1008 });
  });
});

function withScopes(...scopes: readonly string[]): NonNullable<HandshakeOptions["amend"]> {
  return (params) => ({ ...params, scopes });
}

/** What a client can tell two gateways of one release apart by, without ids, tokens and what only hello-ok lists. */
function verdict(result: HandshakeResult): unknown {
  if (!result.ok) {
    const { reason } = result.error?.details ?? {};
    const body: unknown = result.http && JSON.parse(result.http.body);
    const type = isRecord(body) && isRecord(body["error"]) ? body["error"]["type"] : undefined;
    const message = [result.error?.message, result.close?.reason, result.failure];
    return { ...codes(result), reason, message, requestId: typeof requestIdOf(result), type };
  }
  const { type, protocol, server, auth } = result.hello;
  const version = isRecord(server) ? server["version"] : undefined;
  const { role, scopes, deviceToken } = isRecord(auth) ? auth : {};
  return { type, protocol, version, role, scopes, deviceToken: typeof deviceToken };
}

function codes(result: HandshakeResult): Readonly<Record<string, unknown>> {
  if (result.ok) return {};
  const { error, close, http } = result;
  return {
    code: error?.code,
    details: error?.details?.["code"],
    close: close?.code,
    status: http?.status,
    contentType: http && result.headers?.["content-type"],
  };
}

function requestIdOf(result: HandshakeResult): string | undefined {
  const id = result.ok ? undefined : result.error?.details?.["requestId"];
  return typeof id === "string" ? id : undefined;
}
