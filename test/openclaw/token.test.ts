import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readToken, type Token } from "../../src/openclaw/token.ts";
import { file } from "../settings/load.ts";

const folder = mkdtempSync(join(tmpdir(), "shim-token-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** OpenClaw's config with that `gateway.auth.token`. */
function config(token: unknown): Record<string, string> {
  return { OPENCLAW_CONFIG_PATH: write("openclaw.json", JSON.stringify({ gateway: { auth: { token } } })) };
}

function revealed(token: Token): string {
  return "secret" in token ? token.secret.reveal() : `none: ${token.why}`;
}

describe("the gateway's token", () => {
  it("is that of the token file, the variable, the credential, OpenClaw's config, in this order", () => {
    const path = write("token", "from-file\n");
    write("openclaw-gateway-token", "from-credential\n", 0o440);
    const all = {
      ...config("from-config"),
      OPENCLAW_GATEWAY_TOKEN: "from-variable",
      CREDENTIALS_DIRECTORY: folder,
    };
    expect(revealed(readToken(path, all))).toBe("from-file");
    expect(revealed(readToken(undefined, all))).toBe("from-variable");
    expect(revealed(readToken(undefined, { ...all, OPENCLAW_GATEWAY_TOKEN: " " }))).toBe("from-credential");
    expect(revealed(readToken(undefined, config("from-config")))).toBe("from-config");
    expect(
      revealed(readToken(undefined, { CREDENTIALS_DIRECTORY: "/nonexistent", ...config("from-config") })),
    ).toBe("from-config");
  });

  it.each([
    ["${TOKEN}", "resolved"],
    ["$TOKEN", "resolved"],
    ["a-${TOKEN}-b", "a-resolved-b"],
    ["$${TOKEN}", "${TOKEN}"],
    [{ source: "env", provider: "default", id: "TOKEN" }, "resolved"],
  ])("is resolved from OpenClaw's config: %j", (value, token) => {
    expect(revealed(readToken(undefined, { TOKEN: "resolved", ...config(value) }))).toBe(token);
  });

  const FIX = "give --token-file FILE or set OPENCLAW_GATEWAY_TOKEN";
  it.each([
    [
      { source: "exec", provider: "vault", id: "x" },
      /is a SecretRef that only the gateway can resolve$/,
      FIX,
    ],
    [
      { source: "env", provider: "default", id: "ABSENT" },
      /names ABSENT, which is not set here$/,
      `set it, or ${FIX}`,
    ],
    ["${ABSENT}", /names ABSENT, which is not set here$/, `set it, or ${FIX}`],
    ["", /is empty$/, FIX],
    [["x"], /is neither a text nor a SecretRef$/, FIX],
    [undefined, /^no gateway token found$/, FIX],
  ])("cannot be read from %j, with reason and fix", (value, why, fix) => {
    expect(readToken(undefined, config(value))).toEqual({ why: expect.stringMatching(why), fix });
  });

  it("is not read from a file that every user can read or write; one open to the group gets a warning", () => {
    for (const mode of [0o604, 0o602, 0o644]) {
      expect(readToken(write("open", "sekrit", mode), {})).toEqual({
        why: `token file ${join(folder, "open")} is open to every user of the machine`,
        fix: "give it mode 0600",
      });
    }
    expect(readToken(write("group", "sekrit", 0o640), {})).toMatchObject({
      warning: { why: `token file ${join(folder, "group")} is open to its group`, fix: "give it mode 0600" },
    });
    expect(readToken(write("own", "sekrit", 0o400), {})).not.toHaveProperty("warning");
  });

  it.each([
    ["two\nlines", /is not one line of text/],
    ["\n", /is empty/],
    ["x".repeat(5000), /is larger than 4096 bytes/],
  ])("is not read from a file with other content", (text, why) => {
    expect(readToken(write("bad", text), { OPENCLAW_GATEWAY_TOKEN: "other" })).toEqual({
      why: expect.stringMatching(why),
      fix: expect.any(String),
    });
  });

  it("is not shown if it was given in place of the file", () => {
    expect(readToken("sekrit-token", {})).toEqual({
      why: "token file (name not shown: it could be the token) cannot be read (ENOENT)",
      fix: "give --token-file a readable file",
    });
  });

  it("is not shown if OpenClaw's config is damaged", () => {
    const found = readToken(undefined, { OPENCLAW_CONFIG_PATH: file("damaged.json5") });
    expect(found).toEqual({
      why: expect.stringMatching(/is not JSON5 \(line 1, column 48, at hold: …\)$/),
      fix: FIX,
    });
  });
});
