import { describe, expect, it } from "vitest";
import { carriesCredential, credentialResult } from "../../src/outcome/credential.ts";
import { judge, type Transcript } from "../../src/outcome/outcome.ts";
import type { ConnectResponse } from "../../src/openclaw/protocol.ts";

function resultOf(seen: Partial<Transcript>, rawHeaders: readonly string[] = []): string | undefined {
  const transcript: Transcript = { challenged: true, ...seen };
  return credentialResult(judge(transcript), transcript, carriesCredential(rawHeaders));
}

function refusal(code: string, detailsCode?: string, message = ""): Partial<Transcript> {
  const nothing = { reason: undefined, requestId: undefined, deviceId: undefined, retryAfterMs: undefined };
  return { response: { ok: false, code, message, detailsCode, ...nothing } };
}

const UNKNOWN_CLIENT = { id: undefined, mode: undefined, version: undefined, platform: undefined };
const NO_DEVICE = { deviceId: undefined, publicKey: undefined };
const hello: ConnectResponse = {
  ok: true,
  version: undefined,
  protocol: 4,
  role: undefined,
  scopes: undefined,
  deviceTokenIssued: false,
};

describe("a credential counts as rejected", () => {
  it.each([
    "AUTH_TOKEN_MISMATCH",
    "AUTH_PASSWORD_MISMATCH",
    "AUTH_DEVICE_TOKEN_MISMATCH",
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "AUTH_UNAUTHORIZED",
    "AUTH_SOMETHING_NEW",
  ])("for the gateway's code %s", (code) =>
    expect(resultOf(refusal("INVALID_REQUEST", code))).toBe("rejected"),
  );

  it.each(["unauthorized: gateway token mismatch (set …)", "unauthorized: gateway password mismatch"])(
    "for an old gateway's message %j",
    (message) => expect(resultOf(refusal("INVALID_REQUEST", undefined, message))).toBe("rejected"),
  );

  it("for a close reason alone", () => {
    const close = { by: "gateway", code: 1008, reason: "unauthorized: token mismatch" } as const;
    expect(resultOf({ close })).toBe("rejected");
  });

  it("for a 401 to an upgrade with an Authorization", () => {
    expect(resultOf({ http: { status: 401 } }, ["authorization", "Bearer x"])).toBe("rejected");
  });

  it("if the client does not wait for the response", () => {
    const connect = {
      id: "1",
      client: UNKNOWN_CLIENT,
      role: "operator",
      scopes: [],
      ...NO_DEVICE,
      auth: ["token"],
    };
    expect(resultOf({ connect, end: "client" })).toBe("rejected");
    expect(resultOf({ connect: { ...connect, auth: [] }, end: "client" })).toBeUndefined();
    expect(resultOf({ connect, close: { by: "client", code: 1000, reason: "" } })).toBe("rejected");
    expect(resultOf({ connect, end: "gateway" })).toBeUndefined();
  });

  it("if the client sends nothing until the deadline", () => {
    expect(resultOf({ end: "deadline" })).toBe("rejected");
    expect(resultOf({ end: "client" })).toBeUndefined();
  });

  it("if the client sends anything but a connect request after the challenge", () => {
    expect(resultOf({ otherProtocol: { reason: "binary", by: "client" } })).toBe("rejected");
  });
});

describe("a credential does not count as rejected", () => {
  it.each([
    ["AUTH_TOKEN_MISSING"],
    ["AUTH_PASSWORD_MISSING"],
    ["AUTH_TOKEN_NOT_CONFIGURED"],
    ["AUTH_SCOPE_MISMATCH"],
    ["AUTH_REQUIRED"],
    ["AUTH_TAILSCALE_WHOIS_MISMATCH"],
    ["AUTH_IDENTITY_HEADER_REQUIRED"],
    ["AUTH_RATE_LIMITED"],
    ["PAIRING_REQUIRED"],
    ["DEVICE_AUTH_SIGNATURE_EXPIRED"],
    ["PROTOCOL_MISMATCH"],
    ["CONTROL_UI_ORIGIN_NOT_ALLOWED"],
  ])("for the gateway's code %s", (code) =>
    expect(resultOf(refusal("INVALID_REQUEST", code))).toBeUndefined(),
  );

  it("for an old gateway's message that it is missing", () => {
    const message = "unauthorized: gateway token missing (set gateway.remote.token)";
    expect(resultOf(refusal("INVALID_REQUEST", undefined, message))).toBeUndefined();
  });

  it("for a 401 to an upgrade without a credential", () => {
    expect(resultOf({ http: { status: 401 } }, ["Cookie", "a=b"])).toBeUndefined();
  });

  it("if the connection has another protocol", () => {
    expect(
      resultOf({ challenged: false, otherProtocol: { reason: "binary", by: "client" } }),
    ).toBeUndefined();
    expect(resultOf({ otherProtocol: { reason: "no frames", by: "gateway" } })).toBeUndefined();
  });

  it("if the client disconnects", () => expect(resultOf({ end: "client" })).toBeUndefined());
});

it("a credential counts as accepted when the gateway sends hello-ok", () =>
  expect(resultOf({ response: hello })).toBe("accepted"));

describe("carriesCredential", () => {
  it.each(["Authorization", "x-openclaw-token", "X-OpenClaw-Webhook-Secret"])("returns true for %s", (name) =>
    expect(carriesCredential(["Host", "authorization", name, "x"])).toBe(true),
  );
  it("checks names only", () =>
    expect(carriesCredential(["Host", "authorization", "x-openclaw-scopes", "x"])).toBe(false));
});
