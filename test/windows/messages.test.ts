import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CONNECT_FAILURES } from "../../src/error-table.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { TOKEN } from "../support/gateways.ts";
import { systemPrograms } from "./doubles.ts";
import { installedShim, startShim } from "./shim.ts";
import { NODE_EXE, runOnWindows, testFolder, windowsPath } from "./wine.ts";

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

/** Runs a command in cmd.exe, with Node.js in PATH. Returns the lines that it prints. */
async function inCmd(command: string, folder: string, variables: Readonly<Record<string, string>> = {}) {
  const print = "process.stdout.write(require('node:child_process').execSync(process.argv[1]))";
  const PATH = `${windowsPath(dirname(NODE_EXE))};C:\\windows\\system32`;
  const { stdout } = await runOnWindows(["-e", print, command], { folder, env: { ...variables, PATH } });
  return stdout;
}

// Not in FOR, as docs/recipes.md shows: Wine's cmd.exe takes the line for the name of a program.
describe("what env prints for cmd.exe, when it is entered", () => {
  it("sets the port, and unsets a URL", async () => {
    const folder = profile({ auth: { token: "sekrit" } });
    const variables = { OPENCLAW_GATEWAY_URL: "ws://127.0.0.1:1" };
    const options = { folder, env: variables };
    const { stdout } = await runOnWindows([installedShim(folder), "env", "--shell", "cmd"], options);
    const [, ...lines] = stdout;
    const printed = await inCmd([...lines, "set OPENCLAW_"].join("& "), folder, variables);
    expect(printed).toEqual(["OPENCLAW_GATEWAY_PORT=18788"]);
  });

  it("sets the token, too, with the line behind REM", async () => {
    const folder = profile({ mode: "remote" });
    writeFileSync(join(folder, "my token"), "sekrit\r\n");
    const args = ["env", "--shell", "cmd", "--token-file", windowsPath(join(folder, "my token"))];
    const { stdout, stderr } = await runOnWindows([installedShim(folder), ...args], { folder });
    expect(stderr).toEqual([expect.stringContaining("enter the lines behind REM yourself")]);
    const [, ...lines] = stdout.map((line) => line.replace(/^REM (?=SET )/, ""));
    expect(await inCmd([...lines, "set OPENCLAW_"].join("& "), folder)).toEqual([
      "OPENCLAW_GATEWAY_PORT=18788",
      "OPENCLAW_GATEWAY_TOKEN=sekrit",
      "OPENCLAW_GATEWAY_URL=ws://127.0.0.1:18788",
    ]);
  });
});

it("advises a command that prints the fingerprint of the gateway's certificate", async () => {
  const folder = testFolder();
  const tls = join(folder, ".openclaw", "gateway", "tls");
  mkdirSync(tls, { recursive: true });
  const { cert } = TEST_CERTIFICATE;
  writeFileSync(join(tls, "gateway-cert.pem"), cert);
  const [, command = ""] = /`(node -p .*)`/.exec(CONNECT_FAILURES.CERT_HAS_EXPIRED) ?? [];
  expect(await inCmd(command, folder)).toEqual([new X509Certificate(cert).fingerprint256]);
});

it("shows in env --help how PowerShell runs its lines", async () => {
  const { stdout } = await runOnWindows([installedShim(), "env", "--help"]);
  expect(stdout).toContain("  openclaw-shim env | Out-String | Invoke-Expression");
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

describe("without IPv6", () => {
  const options = () => ({ env: { ...systemPrograms().env, WINDOWS_REFUSES: "::1" } });

  it("run listens on 127.0.0.1 alone", async () => {
    const shim = await startShim("ws://127.0.0.1:9", [], options());
    expect(await shim.line(/"event":"listening"/)).not.toContain("::1");
  });

  it("run says why it cannot listen on [::1]", async () => {
    const started = await runOnWindows([installedShim(), "run", "--listen", "[::1]:0"], options());
    expect(started.code).toBe(1);
    expect(started.stderr).toEqual([
      expect.stringMatching(
        /cannot start: IPv6 is switched off .*EAFNOSUPPORT.*write 127\.0\.0\.1 in --listen/,
      ),
    ]);
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

  it("quotes addresses for PowerShell and cmd.exe", async () => {
    const { stdout } = await runOnWindows([installedShim(), "doctor", "--gateway", "ws://[::1]:1"]);
    expect(stdout.join("\n")).toContain('openclaw-shim.mjs" run --gateway "ws://[::1]:1"');
  });

  it("finds a gateway, and names one whose port no program of Windows has", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    onTestFinished(() => gateway.close());
    const doubles = systemPrograms();
    doubles.prints("netstat", NETSTAT);
    doubles.prints("wsl", "U\0b\0u\0n\0t\0u\0\r\0\n\0");
    const args = ["doctor", "--json", "--gateway", `ws://127.0.0.1:${gateway.port}`];
    const env = { ...doubles.env, OPENCLAW_GATEWAY_TOKEN: TOKEN };
    const { stdout } = await runOnWindows([installedShim(), ...args], { env });
    expect(JSON.parse(stdout.join(""))).toMatchObject({ local: true });
    expect(stdout.join("")).toContain("the gateway seems to run inside WSL, with mirrored networking");
  });
});
