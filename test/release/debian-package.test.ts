import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, property, SOCKET, startGateway, UNIT, until } from "../service/booted/act.ts";
import { Machine } from "../service/booted/machine.ts";
import { released } from "./release.ts";

const PACKAGE = "/root/shim.deb";

let machine: Machine;
let before: readonly string[];

beforeAll(async () => {
  machine = await Machine.create();
  // The Node.js that Debian has: the package depends on it.
  const install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs";
  await promisify(execFile)("chroot", [machine.root, "sh", "-c", install], {
    env: { PATH: process.env["PATH"], DEBIAN_FRONTEND: "noninteractive" },
  });
  await copyFile(await released(".deb"), join(machine.root, PACKAGE));
  await machine.boot();
  await startGateway(machine);
  before = await files();
});
afterAll(() => machine?.close());

/** Returns the paths of all files that are named after the shim. */
async function files(): Promise<readonly string[]> {
  const found = await machine.run([
    "find",
    "/",
    "-xdev",
    "-path",
    "/opt",
    "-prune",
    "-o",
    "-name",
    "*openclaw-shim*",
    "-print",
  ]);
  return found.split("\n").sort();
}

it("dpkg --install starts the service, with Debian's Node.js and at every boot", async () => {
  await machine.run(["dpkg", "--install", PACKAGE]);
  expect(await property(machine, "ActiveState", SOCKET)).toBe("active");
  expect(await property(machine, "ActiveState")).toBe("active");
  expect(await machine.run(["systemctl", "is-enabled", UNIT, SOCKET])).toBe("enabled\nenabled\n");
  expect(await connect(machine)).toMatchObject({ ok: true });
  expect(await machine.run(["openclaw-shim", "--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await machine.run(["openclaw-shim", "status", "--system"])).toContain(
    `${UNIT} (system): active (running)`,
  );
});

it("the units are without a mistake, those for users too", async () => {
  for (const scope of ["system", "user"]) {
    const units = [UNIT, SOCKET].map((unit) => `/usr/lib/systemd/${scope}/${unit}`);
    const said = await machine.attempt([
      "env",
      "XDG_RUNTIME_DIR=/run",
      "systemd-analyze",
      `--${scope}`,
      "verify",
      "--man=no",
      ...units,
    ]);
    expect(said).toEqual({ code: 0, stdout: "", stderr: "" });
  }
});

it("bash finds the completion", async () => {
  const completion = "/usr/share/bash-completion/completions/openclaw-shim";
  const complete = `. ${completion} && complete -p openclaw-shim`;
  expect(await machine.run(["bash", "-c", complete])).toContain("openclaw-shim");
});

it("an upgrade restarts the service, and refuses no client", async () => {
  const pid = await property(machine, "MainPID");
  await machine.run(["dpkg", "--install", PACKAGE]);
  expect(await connect(machine)).toMatchObject({ ok: true });
  expect(await property(machine, "MainPID")).not.toBe(pid);
});

it("a unit that the administrator disabled stays off", async () => {
  await machine.run(["systemctl", "disable", "--now", SOCKET, UNIT]);
  await machine.run(["dpkg", "--install", PACKAGE]);
  expect(await property(machine, "ActiveState", SOCKET)).toBe("inactive");
  expect(await property(machine, "ActiveState")).toBe("inactive");
  await machine.run(["systemctl", "enable", "--now", SOCKET, UNIT]);
});

it("dpkg --remove stops it and closes the port; --purge removes the rest", async () => {
  await machine.run(["dpkg", "--remove", "openclaw-shim"]);
  await until(
    () => machine.attempt(["bash", "-c", ": < /dev/tcp/127.0.0.1/18788"]),
    ({ code }) => code !== 0,
  );
  expect(await property(machine, "LoadState")).toBe("not-found");
  await machine.run(["dpkg", "--purge", "openclaw-shim"]);
  expect(await files()).toEqual(before);
});
