import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGate, isRefusal, type ConnectionEnds } from "../../src/gate/gate.ts";
import { refuse, type RefusalCode } from "../../src/errors.ts";
import { anyField, anyHeaders } from "../support/header-fields.ts";
import { testSettings } from "../support/settings.ts";

const ENDS: ConnectionEnds = { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: 18788 };
const kind = fc.constantFrom("websocket", "http");
const arbitraryText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("%", "[", "http://[", "\0"),
);
const arbitraryFields = fc.tuple(
  fc.oneof(fc.constantFrom("Host", "Origin", "Forwarded", "X-Forwarded-For"), arbitraryText),
  arbitraryText,
);
const gates = (["strip", "private", "reject"] as const).map((forwarded) =>
  createGate({ ...testSettings(18789), forwarded, allowFrom: ["192.0.2.0/24"], allowHost: ["box.lan"] }),
);

describe("the gate, with arbitrary input", () => {
  it("returns an admission or a refusal and never throws", () => {
    const headers = fc
      .array(fc.oneof(anyField, arbitraryFields), { maxLength: 10 })
      .map((fields) => fields.flat());
    const request = fc.record({
      method: fc.option(arbitraryText, { nil: undefined }),
      url: fc.option(fc.oneof(arbitraryText, fc.constant("/")), { nil: undefined }),
      httpVersion: fc.constantFrom("1.0", "1.1", "2.0"),
      rawHeaders: headers,
    });
    const connection = fc.record({
      remoteAddress: fc.option(fc.oneof(arbitraryText, fc.constant("::1"), fc.ipV4()), { nil: undefined }),
      localAddress: fc.option(arbitraryText, { nil: undefined }),
      localPort: fc.option(fc.nat(65_535), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, connection, kind, (head, ends, how) => {
        for (const gate of gates) {
          const response = gate.admit(head, ends, how);
          expect(isRefusal(response) ? response.status : response.origin).toBeDefined();
        }
      }),
    );
  });

  it("never admits a browser with a Host that is not a name of the shim (DNS rebinding)", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const name = fc.oneof(
      fc.tuple(label, label).map((labels) => labels.join(".")),
      fc.constantFrom("localhost.evil.example", "127.0.0.1.nip.io", "evil.localhost", "localhost."),
    );
    const origin = fc.oneof(
      fc.constantFrom("null", "http://127.0.0.1:18788", "https://a.example"),
      arbitraryText,
    );
    fc.assert(
      fc.property(name, fc.nat(65_535), origin, anyHeaders, kind, (host, port, page, rest, how) => {
        const rawHeaders = ["Host", `${host}:${port}`, "Origin", page, "Upgrade", "websocket", ...rest];
        const head = { method: "GET", url: "/", httpVersion: "1.1", rawHeaders };
        for (const gate of gates) expect(isRefusal(gate.admit(head, ENDS, how))).toBe(true);
      }),
    );
  });
});

/** A word that a shell does not interpret and that is not an option. */
const SHELL_WORD = "(?:…|[A-Za-z0-9][\\w.:/@-]*|'[A-Za-z0-9[][\\w.:/@[\\]-]*')";

describe("the text of a refusal", () => {
  const codes: readonly RefusalCode[] = [
    "peer_not_allowed",
    "host_not_allowed",
    "origin_not_allowed",
    "forwarded_public",
  ];
  const hostile = fc.oneof(
    arbitraryText,
    fc.stringMatching(/^[a-z-]{0,3}[;|&$`<>(){}'"\\*?!~#\n\r-]{1,5}.{0,5}$/),
  );

  it("has a fix without shell syntax or options from the request", () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), hostile, (code, value) => {
        const parts = refuse(code, "VALUE").fix.split("VALUE");
        const template = parts.map((part) => part.replaceAll(/\W/g, "\\$&")).join(SHELL_WORD);
        expect(refuse(code, value).fix).toMatch(new RegExp(`^${template}$`));
      }),
    );
  });

  it("quotes an address in brackets, which a shell expands as a pattern", () => {
    expect(refuse("origin_not_allowed", "http://[::1]:3000").fix).toMatch(/ 'http:\/\/\[::1\]:3000'$/);
  });

  it("does not use an option from the request as a name", () => {
    expect(refuse("host_not_allowed", "--allow-remote-gateway").fix).toContain("--allow-host …;");
  });

  it("has a printable and short message", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
        const { message } = refuse("host_not_allowed", value);
        expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(message.length).toBeLessThan(200);
      }),
    );
  });
});
