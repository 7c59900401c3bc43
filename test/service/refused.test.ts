import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "../commands/bundle.ts";

let command: Bundle;
let image: string;
beforeAll(async () => {
  command = await bundle();
  image = join(command.folder, "image");
  mkdirSync(join(image, "usr/bin"), { recursive: true });
  writeFileSync(join(image, "usr/bin/node"), "");
  chmodSync(join(image, "usr/bin/node"), 0o755);
  writeFileSync(join(command.folder, "open-token"), "sekrit", { mode: 0o644 });
});
afterAll(() => command.remove());

describe("install refuses, in one line and with exit code 2", () => {
  it.each([
    [["--hold", "soon"], '--hold: "soon" is not a duration'],
    [["--listen", "0.0.0.0:1"], '--listen: "0.0.0.0:1" is not a loopback address'],
    [["--listen", "127.0.0.1:0"], "--listen: port 0 is another port at every start"],
    [["--metrics-listen", "0.0.0.0:0"], "--metrics-listen: port 0 is another port at every start"],
    [["--token", "sekrit"], "--token: a secret is never a setting"],
    [["--config", "/etc/shim.json5"], "--config: cannot be read in an image"],
    [["--token-file", "token"], "--token-file: is not an absolute path; with --root, give the absolute path"],
    [["--token-file", "/etc/a\nExecStartPre=/bin/evil"], "--token-file: contains a line break"],
    [["--node", "node"], "--node: node is not an absolute path; with --root, give"],
    [["--node", "/opt/a\rb"], "contains a line break or another control character"],
    [["--node", "/opt/$HOME/node"], "--node: systemd allows no $ in the path of a program"],
  ])("%j", async (args, why) => {
    const running = start(command, ["install", "--root", image, ...args]);
    expect(await running.exit).toBe(2);
    expect(running.stderr).toEqual([expect.stringContaining(why)]);
    expect(running.stderr.join("")).not.toContain("sekrit");
    expect(readdirSync(image)).toEqual(["usr"]);
  });

  it.each([
    [["--root", "/nonexistent"], "--root: /nonexistent is not a folder; name the folder"],
    [
      ["--token-file", "open-token"],
      "--token-file: token file open-token is open to every user of the machine",
    ],
    [
      ["--token-file", "sekrit"],
      "--token-file: token file (name not shown: it could be the token) cannot be read (ENOENT)",
    ],
    [["--config", "none.json5"], "none.json5 cannot be read"],
    [["--node", "/bin/true"], "--node: /bin/true is not Node"],
    [
      ["--system", "--node", "/home/alice/node"],
      "--node: /home/alice/node is hidden from the system service",
    ],
    [
      ["--system", "--config", "/home/alice/shim.json5"],
      "--config: the system service cannot read /home/alice/shim.json5",
    ],
  ])("%j, on this machine", async (args, why) => {
    const running = start(command, ["install", "--dry-run", ...args]);
    expect(await running.exit).toBe(2);
    expect(running.stderr).toEqual([expect.stringContaining(why)]);
    expect(running.stderr.join("")).not.toContain("sekrit");
  });

  it("root's own service by mistake, under sudo", async () => {
    if (process.getuid?.() !== 0) return;
    const running = start(command, ["install"], { SUDO_USER: "alice" });
    expect(await running.exit).toBe(2);
    expect(running.stderr).toEqual([expect.stringContaining("under sudo this would be root's own service")]);
  });

  it("settings in the existing file, and names the file", async () => {
    mkdirSync(join(image, "etc/openclaw-shim"), { recursive: true });
    writeFileSync(join(image, "etc/openclaw-shim/environment"), "OPENCLAW_SHIM_HOLD=soon\n");
    const running = start(command, ["install", "--root", image]);
    expect(await running.exit).toBe(2);
    expect(running.stderr).toEqual([
      expect.stringMatching(
        /OPENCLAW_SHIM_HOLD in \/etc\/openclaw-shim\/environment: "soon" is not a duration;/,
      ),
    ]);
  });
});

describe("if the user's systemd does not respond", () => {
  it.each(["install", "uninstall"])("%s names the alternatives", async (name) => {
    const systemctl = join(command.folder, "systemctl");
    writeFileSync(systemctl, "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n", { mode: 0o755 });
    const running = start(command, [name], { PATH: command.folder });
    expect(await running.exit).toBe(1);
    expect(running.stderr.at(-1)).toBe(
      "openclaw-shim: your user's systemd does not respond (systemctl: Failed to connect to bus); " +
        "log in instead of using su, or use --system",
    );
  });
});

describe("uninstall and status", () => {
  it.each(["uninstall", "status"])("%s refuses a setting that it does not take", async (name) => {
    const running = start(command, [name, "--hold", "10s"]);
    expect(await running.exit).toBe(2);
    expect(running.stderr).toEqual(["openclaw-shim: --hold: this command does not take it; leave it out"]);
  });
});
