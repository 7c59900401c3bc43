import { describe, expect, it } from "vitest";
import { credentialResult, credentialsOf, isNotRejected } from "../../src/outcome/credential.ts";
import { judge, type Transcript } from "../../src/outcome/outcome.ts";
import type { ConnectResponse } from "../../src/openclaw/protocol.ts";

function resultOf(seen: Partial<Transcript>, rawHeaders: readonly string[] = []): string | undefined {
  const transcript: Transcript = { challenged: true, ...seen };
  return credentialResult(judge(transcript), transcript, credentialsOf(rawHeaders) !== undefined);
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

  it("if the client disconnects, before or after its connect", () => {
    const connect = {
      id: "1",
      client: UNKNOWN_CLIENT,
      role: "operator",
      scopes: [],
      ...NO_DEVICE,
      auth: ["token"],
    };
    expect(resultOf({ end: "client" })).toBeUndefined();
    expect(resultOf({ connect, end: "client" })).toBeUndefined();
    expect(resultOf({ connect, close: { by: "client", code: 1000, reason: "" } })).toBeUndefined();
    expect(resultOf({ connect, end: "gateway" })).toBeUndefined();
  });
});

it("a credential counts as accepted when the gateway sends hello-ok", () =>
  expect(resultOf({ response: hello })).toBe("accepted"));

it.each([
  [refusal("NOT_PAIRED"), true],
  [refusal("INVALID_REQUEST", "CONTROL_UI_ORIGIN_NOT_ALLOWED"), true],
  [refusal("UNAVAILABLE"), true],
  [refusal("INVALID_REQUEST", "AUTH_RATE_LIMITED"), false],
  [refusal("INVALID_REQUEST", "DEVICE_AUTH_SIGNATURE_EXPIRED"), false],
  [{ end: "client" } as const, false],
])("an attempt with the result %j need not count: %s", (seen, expected) => {
  expect(isNotRejected(judge({ challenged: true, ...seen }))).toBe(expected);
});

describe("credentialsOf", () => {
  it.each(["Authorization", "x-openclaw-token", "X-OpenClaw-Webhook-Secret"])("reads %s", (name) =>
    expect(credentialsOf(["Host", "authorization", name, "x"])).toContain(name),
  );
  it.each(["/media?source=a&token=x", "/?%74oken=x", "/a?Password=x"])("reads the query of %s", (url) =>
    expect(credentialsOf([], url)).toContain('"x"'),
  );
  it("reads other names and values as no credential", () =>
    expect(
      credentialsOf(["Host", "authorization", "x-openclaw-scopes", "x"], "/token?a=token"),
    ).toBeUndefined());
  it("returns different texts for different credentials", () => {
    const texts = [
      ["Authorization", "a"],
      ["Authorization", "b"],
      ["X-OpenClaw-Token", "a"],
    ].map((head) => credentialsOf(head));
    expect(new Set(texts).size).toBe(3);
  });
});
