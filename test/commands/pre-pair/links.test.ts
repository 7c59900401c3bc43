import { linkSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHome, put, read, run, shell, snapshot } from "./state.ts";

describe("in the state directory", () => {
  it.each(["identity/device.json", "devices/paired.json", "devices/pending.json"])(
    "%s as a symbolic link is not followed, out of the directory or within",
    async (name) => {
      const { home, stateDir } = makeHome();
      const outside = put(home, "outside.json", {});
      mkdirSync(join(stateDir, name, ".."), { recursive: true });
      symlinkSync(outside, join(stateDir, name));
      const before = snapshot(home);

      await expect(run(stateDir)).rejects.toThrow(
        `${name} is a symbolic link, which pre-pair does not follow`,
      );
      expect(snapshot(home)).toEqual(before);
    },
  );

  it.each(["identity", "devices"])("a folder %s that is a symbolic link is not followed", async (name) => {
    const { home, stateDir } = makeHome();
    mkdirSync(join(home, "outside"));
    mkdirSync(stateDir);
    symlinkSync(join(home, "outside"), join(stateDir, name));
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(`${name} is a symbolic link`);
    expect(snapshot(home)).toEqual(before);
  });

  it("a FIFO is refused at once", async () => {
    const { stateDir } = makeHome();
    mkdirSync(join(stateDir, "devices"), { recursive: true });
    shell('mkfifo "$1"', join(stateDir, "devices/paired.json"));

    await expect(run(stateDir)).rejects.toThrow("paired.json is not a regular file");
  });

  it("a file where a folder should be is refused", async () => {
    const { stateDir } = makeHome();
    put(stateDir, "identity", "{}");

    await expect(run(stateDir)).rejects.toThrow("identity is not a folder");
  });

  it("a state directory that is itself a symbolic link is followed", async () => {
    const { home, stateDir } = makeHome();
    mkdirSync(join(home, "real"));
    symlinkSync("real", stateDir);

    const report = await run(stateDir);

    expect(report.stateDir).toMatch(/\/real$/);
    expect(read(join(home, "real"), "identity/device.json")).toMatchObject({ deviceId: report.deviceId });
  });

  it("a hard-linked file is replaced; the other name keeps the old content", async () => {
    const { home, stateDir } = makeHome();
    const paired = put(stateDir, "devices/paired.json", { other: {} });
    linkSync(paired, join(home, "name"));

    await run(stateDir);

    expect(readFileSync(join(home, "name"), "utf8")).toBe('{"other":{}}');
    expect(Object.keys(read(stateDir, "devices/paired.json"))).toHaveLength(2);
  });
});
