import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemPrograms } from "./doubles.ts";
import { installedShim } from "./shim.ts";
import { runOnWindows, testFolder, windowsPath } from "./wine.ts";

// As printed by `netsh int ipv4 show excludedportrange protocol=tcp`, `netstat -ano -p TCP` (in German) and `tasklist`.
const NETSH =
  "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n----------    --------      \r\n      5357        5357      \r\n     18700       18799      \r\n     50000       50059     *\r\n\r\n* - Administered port exclusions.\r\n\r\n";
const NETSTAT =
  "\r\nAktive Verbindungen\r\n\r\n  Proto  Lokale Adresse         Remoteadresse          Status           PID\r\n  TCP    0.0.0.0:135            0.0.0.0:0              ABH\xd6REN         1148\r\n  TCP    127.0.0.1:1            0.0.0.0:0              ABH\xd6REN         4711\r\n";
const TASKLIST = '"wslrelay.exe","4711","Console","1","8.128 K"\r\n';

/** A folder with openclaw.json, as OpenClaw has it in the user's profile. */
function profile(gateway: Readonly<Record<string, unknown>>): string {
  const folder = testFolder();
  mkdirSync(join(folder, ".openclaw"));
  writeFileSync(join(folder, ".openclaw", "openclaw.json"), JSON.stringify({ gateway }));
  return folder;
}

describe("env", () => {
  it.each([
    ["PowerShell", [], /^# The port is enough: .*\n\$env:OPENCLAW_GATEWAY_PORT = '18788'$/],
    ["cmd.exe", ["--shell", "cmd"], /^REM The port is enough: .*\nSET OPENCLAW_GATEWAY_PORT=18788$/],
    ["Git Bash", ["--shell", "sh"], /^# The port is enough: .*\nexport OPENCLAW_GATEWAY_PORT=18788$/],
  ])("finds openclaw.json in the user's profile, and prints for %s", async (_shell, args, printed) => {
    const folder = profile({ auth: { token: "sekrit" } });
    const { code, stdout } = await runOnWindows([installedShim(folder), "env", ...args], { folder });
    expect(code).toBe(0);
    expect(stdout.join("\n")).toMatch(printed);
    expect(stdout.join("\n")).not.toContain("sekrit");
  });

  it("finds it in OPENCLAW_HOME and OPENCLAW_STATE_DIR, with ~ and backslashes", async () => {
    const folder = profile({ port: 4242, auth: { mode: "none" } });
    const other = windowsPath(testFolder());
    for (const env of [
      { USERPROFILE: other, OPENCLAW_HOME: windowsPath(folder) },
      { USERPROFILE: other, OPENCLAW_STATE_DIR: windowsPath(join(folder, ".openclaw")) },
      { OPENCLAW_HOME: "~", OPENCLAW_STATE_DIR: "~\\.openclaw" },
    ]) {
      const { stdout } = await runOnWindows([installedShim(testFolder()), "env"], { folder, env });
      expect(stdout[0]).toContain("gateway.auth.mode in");
    }
  });
});

describe("run", () => {
  it.each([
    [NETSH, /^openclaw-shim: cannot start: port 18788 is in a range that Windows reserves \(18700-18799\)/],
    ["", /^openclaw-shim: cannot start: Windows does not allow port 18788: it is reserved, or another/],
  ])("says why Windows refuses a port", async (printed, message) => {
    const doubles = systemPrograms();
    doubles.prints("netsh", printed);
    const { code, stderr } = await runOnWindows([installedShim(), "run", "--listen", "18788"], {
      env: { ...doubles.env, WINDOWS_REFUSES: "18788" },
    });
    expect(code).toBe(1);
    expect(stderr).toEqual([expect.stringMatching(message)]);
    expect(stderr[0]).toContain("netsh int ipv4 show excludedportrange protocol=tcp");
  });
});

describe("doctor", () => {
  const GATEWAY = ["--gateway", "ws://127.0.0.1:1"];

  it("names a gateway inside WSL whose port Windows forwards", async () => {
    const doubles = systemPrograms();
    doubles.prints("netstat", NETSTAT);
    doubles.prints("tasklist", TASKLIST);
    const run = await runOnWindows([installedShim(), "doctor", "--json", ...GATEWAY], { env: doubles.env });
    expect(run.stdout.join("")).toContain(
      "the gateway runs inside WSL; wslrelay.exe (pid 4711) forwards its port",
    );
  });

  it("names the distributions that run, if nothing responds", async () => {
    const doubles = systemPrograms();
    doubles.prints("wsl", "U\0b\0u\0n\0t\0u\0\r\0\n\0d\0o\0c\0k\0e\0r\0-\0d\0e\0s\0k\0t\0o\0p\0\r\0\n\0");
    const run = await runOnWindows([installedShim(), "doctor", "--json", ...GATEWAY], { env: doubles.env });
    expect(run.stdout.join("")).toContain('on Windows, and WSL runs Ubuntu"');
  });
});
