import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CONNECT_FAILURES, OUTCOME_FIXES, REFUSALS, SHELL_COMMANDS } from "../../src/error-table.ts";
import { fingerprint } from "../../src/settings/parsers.ts";
import { WINDOWS_COMMANDS } from "../../src/windows-commands.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";

/** Programs and words of a shell that Windows has not. */
const UNIX =
  /\b(?:openssl|chmod|chown|sudo|systemctl|journalctl|lsof)\b|(?:^|`|; )(?:export|unset|eval|kill|cat) /;

describe("what the error table advises", () => {
  const fixes = Object.values(REFUSALS).map((row) => ("fix" in row ? row.fix : ""));
  const commands = Object.values({ ...SHELL_COMMANDS, ...WINDOWS_COMMANDS });

  it.each([...fixes, ...Object.values({ ...CONNECT_FAILURES, ...OUTCOME_FIXES }), ...commands])(
    "can be done on Windows: %s",
    (text) => expect(text).not.toMatch(UNIX),
  );

  it("prints the fingerprint of the gateway's certificate, as --gateway-fingerprint takes it", () => {
    const home = mkdtempSync(join(tmpdir(), "shim-home-"));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const tls = join(home, ".openclaw", "gateway", "tls");
    mkdirSync(tls, { recursive: true });
    const { cert } = TEST_CERTIFICATE;
    writeFileSync(join(tls, "gateway-cert.pem"), cert);
    const [, command = ""] = /`(node -p .*)`/.exec(CONNECT_FAILURES.CERT_HAS_EXPIRED) ?? [];
    const env = { ...process.env, HOME: home };
    const printed = execFileSync("sh", ["-c", command], { env, encoding: "utf8" }).trim();
    expect(printed).toBe(new X509Certificate(cert).fingerprint256);
    expect(fingerprint(`sha256:${printed}`)).toHaveProperty("value");
  });
});
