import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chooseNode } from "../../src/commands/service/node-choice.ts";

const USER = { system: false, offline: false, root: "/" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-node-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Creates a program that reports this version of Node. */
function node(path: string, version: string): string {
  const place = join(folder, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return place;
}

describe("the Node of a service", () => {
  it("is the one that runs install, unless another is named", async () => {
    const [running, named] = [node("running/node", "v24.1.0"), node("named/node", "v20.19.0")];
    expect(await chooseNode(undefined, USER, running)).toEqual({ node: running });
    expect(await chooseNode(named, USER, running)).toEqual({ node: named });
  });

  it.each([
    ["nvm", ".nvm/versions/node/v22.1.0/bin/node"],
    ["fnm", ".local/share/fnm/node-versions/v22.1.0/installation/bin/node"],
    ["volta", ".volta/tools/image/node/22.1.0/bin/node"],
    ["asdf", ".asdf/installs/nodejs/22.1.0/bin/node"],
    ["mise", ".local/share/mise/installs/node/22.1.0/bin/node"],
    ["nodenv", ".nodenv/versions/22.1.0/bin/node"],
    ["nvs", ".nvs/node/22.1.0/x64/bin/node"],
    ["n", "n/versions/node/22.1.0/bin/node"],
  ])("is recognised as installed by %s", async (manager, path) => {
    expect(await chooseNode(undefined, USER, node(path, "v22.1.0"))).toMatchObject({
      warning: expect.stringContaining(
        `belongs to ${manager}: the service fails when ${manager} removes it`,
      ) as unknown,
    });
  });

  it("has no version manager if a package installed it", async () => {
    expect(await chooseNode(undefined, USER, node("usr/bin/node", "v22.1.0"))).not.toHaveProperty("warning");
  });

  it("is Homebrew's link to the current version, not one version", async () => {
    const running = node("Cellar/node@22/22.1.0/bin/node", "v22.1.0");
    mkdirSync(join(folder, "opt"));
    symlinkSync(join(folder, "Cellar/node@22/22.1.0"), join(folder, "opt/node@22"));
    expect(await chooseNode(undefined, USER, running)).toEqual({
      node: join(folder, "opt/node@22/bin/node"),
    });
  });

  it.each(["v20.18.9", "v18.20.0"])("is refused if it is %s", async (version) => {
    const old = node("old/node", version);
    await expect(chooseNode(old, USER, process.execPath)).rejects.toThrow(
      /is Node \d+\.\d+; use 20\.19 or later/,
    );
  });

  it("is refused if it is not Node", async () => {
    await expect(chooseNode(join(folder, "none"), USER, process.execPath)).rejects.toThrow("is not Node");
    await expect(chooseNode(node("x/node", "hello"), USER, process.execPath)).rejects.toThrow("is not Node");
  });
});
