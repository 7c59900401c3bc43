import { describe, expect, it } from "vitest";
import { carriesCredential, credentialResult } from "../../src/outcome/credential.ts";
import { judge } from "../../src/outcome/outcome.ts";
import type { ConnectResponse } from "../../src/openclaw/protocol.ts";
import type { Transcript } from "../../src/outcome/transcript.ts";

function was(seen: Partial<Transcript>, rawHeaders: readonly string[] = []): string | undefined {
  const transcript: Transcript = { challenged: true, ...seen };
  return credentialResult(judge(transcript), transcript, carriesCredential(rawHeaders));
}

function refusal(code: string, detailsCode?: string, message = ""): Partial<Transcript> {
  const nothing = { reason: undefined, requestId: undefined, deviceId: undefined, retryAfterMs: undefined };
  return { response: { ok: false, code, message, detailsCode, ...nothing } };
}

const NOBODY = { id: undefined, mode: undefined, version: undefined, platform: undefined };
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
  ])("when the gateway says %s", (code) => expect(was(refusal("INVALID_REQUEST", code))).toBe("rejected"));

  it.each(["unauthorized: gateway token mismatch (set …)", "unauthorized: gateway password mismatch"])(
    "when an old gateway says %j",
    (message) => expect(was(refusal("INVALID_REQUEST", undefined, message))).toBe("rejected"),
  );

  it("when only the close says so", () => {
    const close = { by: "gateway", code: 1008, reason: "unauthorized: token mismatch" } as const;
    expect(was({ close })).toBe("rejected");
  });

  it("when the response to an upgrade with an Authorization is 401", () => {
    expect(was({ http: { status: 401 } }, ["authorization", "Bearer x"])).toBe("rejected");
  });

  it("when the client does not wait for the response", () => {
    const connect = { id: "1", client: NOBODY, role: "operator", scopes: [], ...NO_DEVICE, auth: ["token"] };
    expect(was({ connect, end: "client" })).toBe("rejected");
    expect(was({ connect: { ...connect, auth: [] }, end: "client" })).toBeUndefined();
    expect(was({ connect, close: { by: "client", code: 1000, reason: "" } })).toBe("rejected");
    expect(was({ connect, end: "gateway" })).toBeUndefined();
  });

  it("when the client sends nothing until the deadline", () => {
    expect(was({ end: "deadline" })).toBe("rejected");
    expect(was({ end: "client" })).toBeUndefined();
  });

  it("when the client sends something else than a connect after the challenge", () => {
    expect(was({ otherProtocol: { reason: "binary", by: "client" } })).toBe("rejected");
  });
});

describe("no credential was tried, or the right one", () => {
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
  ])("when the gateway says %s", (code) => expect(was(refusal("INVALID_REQUEST", code))).toBeUndefined());

  it("when an old gateway says that it is missing", () => {
    const message = "unauthorized: gateway token missing (set gateway.remote.token)";
    expect(was(refusal("INVALID_REQUEST", undefined, message))).toBeUndefined();
  });

  it("when the response to an upgrade without a credential is 401", () => {
    expect(was({ http: { status: 401 } }, ["Cookie", "a=b"])).toBeUndefined();
  });

  it("when another protocol is spoken on the path", () => {
    expect(was({ challenged: false, otherProtocol: { reason: "binary", by: "client" } })).toBeUndefined();
    expect(was({ otherProtocol: { reason: "no frames", by: "gateway" } })).toBeUndefined();
  });

  it("when the client disconnects", () => expect(was({ end: "client" })).toBeUndefined());
});

it("is accepted when the gateway sends hello-ok", () => expect(was({ response: hello })).toBe("accepted"));

describe("carriesCredential", () => {
  it.each(["Authorization", "x-openclaw-token", "X-OpenClaw-Webhook-Secret"])("knows %s", (name) =>
    expect(carriesCredential(["Host", "authorization", name, "x"])).toBe(true),
  );
  it("looks at names only", () =>
    expect(carriesCredential(["Host", "authorization", "x-openclaw-scopes", "x"])).toBe(false));
});
