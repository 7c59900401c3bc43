import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "../commands/bundle.ts";
import { makeImage } from "./image.ts";

const UNITS = "etc/systemd/system";
const NEXT =
  "next: boot the image; it starts the shim, and there journalctl --unit openclaw-shim.service prints its log";
let command: Bundle;
let image: string;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());
beforeEach(() => {
  image = makeImage(command.folder);
});

async function run(
  ...args: readonly string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = start(command, args);
  const code = await running.exit;
  return { code, stdout: running.stdout.join("\n"), stderr: running.stderr.join("\n") };
}

/** Every file in the image, without Node. */
function files(): string[] {
  return readdirSync(image, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(image.length))
    .filter((path) => path !== "/usr/bin/node")
    .sort((a, b) => a.localeCompare(b));
}

describe("install --root", () => {
  it("writes the program, its settings and enabled units into an image", async () => {
    expect(await run("install", "--root", image, "--hold", "30s")).toMatchObject({ code: 0, stderr: "" });
    expect(files()).toEqual([
      "/etc/openclaw-shim/environment",
      `/${UNITS}/multi-user.target.wants/openclaw-shim.service`,
      `/${UNITS}/openclaw-shim.service`,
      `/${UNITS}/openclaw-shim.socket`,
      `/${UNITS}/sockets.target.wants/openclaw-shim.socket`,
      "/usr/local/lib/openclaw-shim/openclaw-shim.mjs",
    ]);
    expect(readlinkSync(join(image, UNITS, "sockets.target.wants/openclaw-shim.socket"))).toBe(
      `/${UNITS}/openclaw-shim.socket`,
    );
    expect(readFileSync(join(image, UNITS, "openclaw-shim.service"), "utf8")).toContain(
      "\nExecStart=/usr/bin/node /usr/local/lib/openclaw-shim/openclaw-shim.mjs run\n",
    );
    expect(statSync(join(image, "etc/openclaw-shim/environment")).mode & 0o777).toBe(0o600);
    const installed = join(image, "usr/local/lib/openclaw-shim/openclaw-shim.mjs");
    // toEqual takes seconds to compare a megabyte.
    expect(readFileSync(installed).equals(readFileSync(command.path))).toBe(true);
    expect(execFileSync(process.execPath, [installed, "--version"], { encoding: "utf8" })).toBe("1.2.3\n");
  });

  it.each([
    "/etc/openclaw-shim/environment",
    `/${UNITS}/multi-user.target.wants/openclaw-shim.service`,
    `/${UNITS}/openclaw-shim.service`,
    "/usr/local/lib/openclaw-shim/openclaw-shim.mjs",
  ])("writes nothing if %s cannot be written: a folder, below a file, or led out by a link", async (path) => {
    const blocks: ((target: string) => void)[] = [
      (target) => mkdirSync(target, { recursive: true }),
      (target) => writeFileSync(dirname(target), ""),
      (target) => symlinkSync("/tmp", dirname(target)),
    ];
    for (const block of blocks) {
      const target = join(image, path);
      rmSync(dirname(target), { recursive: true, force: true });
      mkdirSync(dirname(dirname(target)), { recursive: true });
      block(target);
      const before = files();
      expect(await run("install", "--root", image)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/is a folder|is not a folder|leads out of/),
      });
      expect(files()).toEqual(before);
    }
  });

  it("a second time changes nothing; with other settings only the files that depend on them", async () => {
    await run("install", "--root", image, "--hold", "30s");
    expect((await run("install", "--root", image)).stdout).toBe(
      "nothing to do: it is already installed like this",
    );
    expect((await run("install", "--root", image, "--hold", "40s")).stdout).toBe(
      `wrote ${image}/etc/openclaw-shim/environment\n${NEXT}`,
    );
    const moved = await run("install", "--root", image, "--listen", "127.0.0.1:28788");
    expect(moved.stdout).toBe(
      `wrote ${image}/etc/openclaw-shim/environment\nwrote ${image}/${UNITS}/openclaw-shim.socket\n${NEXT}`,
    );
    const environment = readFileSync(join(image, "etc/openclaw-shim/environment"), "utf8");
    expect(environment.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
      "OPENCLAW_SHIM_HOLD=40s",
      "OPENCLAW_SHIM_LISTEN=127.0.0.1:28788",
      "",
    ]);
  });

  it("--dry-run prints every operation and writes nothing", async () => {
    const { code, stdout } = await run("install", "--root", image, "--dry-run", "--hold", "30s");
    expect(code).toBe(0);
    expect(stdout).toContain(`would write ${image}/etc/openclaw-shim/environment (mode 0600)\n`);
    expect(stdout).toContain("\n    OPENCLAW_SHIM_HOLD=30s\n");
    expect(stdout).toContain("\n    ListenStream=127.0.0.1:18788\n");
    expect(stdout).toContain(`would link ${image}/${UNITS}/sockets.target.wants/openclaw-shim.socket -> `);
    expect(files()).toEqual([]);
  });

  it("warns about settings in this shell, which the service does not get", async () => {
    const running = start(command, ["install", "--root", image], { OPENCLAW_SHIM_DRAIN: "1s" });
    expect(await running.exit).toBe(0);
    expect(running.stderr).toEqual([
      "openclaw-shim: warning: OPENCLAW_SHIM_DRAIN is set here, but not for the service; give it as a flag",
    ]);
  });

  it("names the token's file in a drop-in, so that systemd reads it", async () => {
    await run("install", "--root", image, "--approve", "seen", "--token-file", "/etc/gateway-token");
    const dropIn = join(image, UNITS, "openclaw-shim.service.d/install-credential.conf");
    expect(readFileSync(dropIn, "utf8")).toContain(
      "LoadCredential=openclaw-gateway-token:/etc/gateway-token\n",
    );
    expect(readFileSync(join(image, "etc/openclaw-shim/environment"), "utf8")).not.toContain("TOKEN");
  });
});

describe("uninstall --root", () => {
  it("--dry-run prints every operation and removes nothing", async () => {
    await run("install", "--root", image);
    const before = files();
    const { code, stdout } = await run("uninstall", "--root", image, "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain(`would remove ${image}/${UNITS}/sockets.target.wants/openclaw-shim.socket\n`);
    expect(stdout).toContain(`would remove ${image}/etc/openclaw-shim/environment\n`);
    expect(files()).toEqual(before);
  });

  it("removes everything except the user's own files", async () => {
    await run("install", "--root", image, "--token-file", "/etc/openclaw-shim/token");
    writeFileSync(join(image, "etc/openclaw-shim/token"), "mine");
    const { code, stdout } = await run("uninstall", "--root", image);
    expect(code).toBe(0);
    expect(stdout).toContain(`removed ${image}/${UNITS}/openclaw-shim.service\n`);
    expect(stdout).toContain(`kept ${image}/etc/openclaw-shim, which holds files of your own`);
    expect(files()).toEqual(["/etc/openclaw-shim/token"]);
    expect((await run("uninstall", "--root", image)).stdout).toContain(`kept ${image}/etc/openclaw-shim`);
  });
});
