import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGate, isRefusal, type ConnectionEnds } from "../../src/gate/gate.ts";
import { refuse, type RefusalCode } from "../../src/errors.ts";
import { anyField, anyHeaders } from "../support/header-fields.ts";
import { testSettings } from "../support/settings.ts";

const ENDS: ConnectionEnds = { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: 18788 };
const kind = fc.constantFrom("websocket", "http");
const odd = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("%", "[", "http://[", "\0"));
const oddFields = fc.tuple(
  fc.oneof(fc.constantFrom("Host", "Origin", "Forwarded", "X-Forwarded-For"), odd),
  odd,
);
const gates = (["strip", "private", "reject"] as const).map((forwarded) =>
  createGate({ ...testSettings(18789), forwarded, allowFrom: ["192.0.2.0/24"], allowHost: ["box.lan"] }),
);

describe("the gate, given anything", () => {
  it("answers, and never throws", () => {
    const headers = fc.array(fc.oneof(anyField, oddFields), { maxLength: 10 }).map((fields) => fields.flat());
    const request = fc.record({
      method: fc.option(odd, { nil: undefined }),
      url: fc.option(fc.oneof(odd, fc.constant("/")), { nil: undefined }),
      httpVersion: fc.constantFrom("1.0", "1.1", "2.0"),
      rawHeaders: headers,
    });
    const arrival = fc.record({
      remoteAddress: fc.option(fc.oneof(odd, fc.constant("::1"), fc.ipV4()), { nil: undefined }),
      localAddress: fc.option(odd, { nil: undefined }),
      localPort: fc.option(fc.nat(65_535), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, arrival, kind, (head, from, how) => {
        for (const gate of gates) {
          const answer = gate.admit(head, from, how);
          expect(isRefusal(answer) ? answer.status : answer.origin).toBeDefined();
        }
      }),
    );
  });

  it("never lets a browser in whose Host is a name that the shim does not have (DNS rebinding)", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const name = fc.oneof(
      fc.tuple(label, label).map((labels) => labels.join(".")),
      fc.constantFrom("localhost.evil.example", "127.0.0.1.nip.io", "evil.localhost", "localhost."),
    );
    const origin = fc.oneof(fc.constantFrom("null", "http://127.0.0.1:18788", "https://a.example"), odd);
    fc.assert(
      fc.property(name, fc.nat(65_535), origin, anyHeaders, kind, (host, port, page, rest, how) => {
        const rawHeaders = ["Host", `${host}:${port}`, "Origin", page, "Upgrade", "websocket", ...rest];
        const head = { method: "GET", url: "/", httpVersion: "1.1", rawHeaders };
        for (const gate of gates) expect(isRefusal(gate.admit(head, ENDS, how))).toBe(true);
      }),
    );
  });
});

/** Means itself in a shell, whatever is around it, and is no option. */
const SHELL_WORD = "(?:…|[A-Za-z0-9][\\w.:/@-]*|'[A-Za-z0-9[][\\w.:/@[\\]-]*')";

describe("what a refusal says", () => {
  const codes: readonly RefusalCode[] = [
    "peer_not_allowed",
    "host_not_allowed",
    "origin_not_allowed",
    "forwarded_public",
  ];
  const hostile = fc.oneof(odd, fc.stringMatching(/^[a-z-]{0,3}[;|&$`<>(){}'"\\*?!~#\n\r-]{1,5}.{0,5}$/));

  it("has no shell syntax and no option from the request in its fix", () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), hostile, (code, value) => {
        const parts = refuse(code, "VALUE").fix.split("VALUE");
        const template = parts.map((part) => part.replaceAll(/\W/g, "\\$&")).join(SHELL_WORD);
        expect(refuse(code, value).fix).toMatch(new RegExp(`^${template}$`));
      }),
    );
  });

  it("quotes an address in brackets, which are a pattern to a shell", () => {
    expect(refuse("origin_not_allowed", "http://[::1]:3000").fix).toMatch(/ 'http:\/\/\[::1\]:3000'$/);
  });

  it("does not take a name for an option", () => {
    expect(refuse("host_not_allowed", "--allow-remote-gateway").fix).toContain("--allow-host …;");
  });

  it("is printable and short in its message", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
        const { message } = refuse("host_not_allowed", value);
        expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(message.length).toBeLessThan(200);
      }),
    );
  });
});
