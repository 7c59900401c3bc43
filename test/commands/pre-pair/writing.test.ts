import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { commit } from "../../../src/commands/pre-pair/commit.ts";
import { readStateFile } from "../../../src/commands/pre-pair/state-file.ts";
import { makeHome, put, read, run, shell, snapshot } from "./state.ts";
import { asNobody } from "./users.ts";

/** Mounts a file system of a few inodes. @returns false if that is not possible */
function mountSmall(folder: string, inodes: number): boolean {
  try {
    shell(`mount -t tmpfs -o nr_inodes=${inodes},mode=700 tmpfs "$1"`, folder);
  } catch {
    return false;
  }
  onTestFinished(() => shell('umount "$1"', folder));
  return true;
}

describe("a write that fails", () => {
  it("because the disk is full leaves all files unchanged, and no temporary file", async (test) => {
    const { home, stateDir } = makeHome();
    mkdirSync(stateDir);
    // The root, two folders and paired.json fit, and one of the two temporary files.
    test.skip(!mountSmall(stateDir, 5), "no file system can be mounted here");
    put(stateDir, "devices/paired.json", { other: {} });
    mkdirSync(join(stateDir, "identity"));
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(
      /paired\.json cannot be written \(ENOSPC\); free some space on that disk/,
    );
    expect(snapshot(home)).toEqual(before);
  });

  it("because one folder is read-only leaves the other unchanged", async () => {
    const { home, stateDir } = makeHome();
    await asNobody(home, async () => {
      put(stateDir, "devices/paired.json", {});
      chmodSync(join(stateDir, "devices"), 0o500);
      const before = snapshot(home);

      await expect(run(stateDir)).rejects.toThrow(
        /paired\.json cannot be written \(EACCES\); run pre-pair as the owner/,
      );
      expect(snapshot(home)).toEqual(before);
    });
  });

  it("because another program writes at the same time is reported, and nothing is replaced", () => {
    const { home, stateDir } = makeHome();
    const path = put(stateDir, "devices/paired.json", {});
    const unchanged = put(stateDir, "identity/device.json", {});
    const changes = [unchanged, path].map((file) => ({ file: readStateFile(file), text: '{"ours":1}' }));
    writeFileSync(path, '{"theirs":1}');
    const before = snapshot(home);

    expect(() => commit([], changes)).toThrow(
      /paired\.json was just changed by another program; nothing was written/,
    );
    expect(snapshot(home)).toEqual(before);
    expect(read(stateDir, "devices/paired.json")).toEqual({ theirs: 1 });
  });

  it("because a file appeared meanwhile is reported, and the created folders are removed", () => {
    const { stateDir } = makeHome();
    mkdirSync(stateDir);
    const change = { file: readStateFile(join(stateDir, "device.json")), text: "{}" };
    put(stateDir, "device.json", "{}");

    expect(() => commit([join(stateDir, "devices")], [change])).toThrow(/just changed by another program/);
    expect(readdirSync(stateDir)).toEqual(["device.json"]);
  });
});
