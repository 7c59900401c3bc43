import { chmodSync, chownSync, lchownSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asOwnerOf } from "../../../src/commands/pre-pair/pre-pair-command.ts";
import { makeHome, put, run, snapshot } from "./state.ts";
import { asNobody, isRoot, NOBODY } from "./users.ts";

describe("an unreadable file", () => {
  it("is named, and nothing is written", async () => {
    const { home, stateDir } = makeHome();
    await asNobody(home, async () => {
      chmodSync(put(stateDir, "devices/paired.json", {}), 0o000);

      await expect(run(stateDir)).rejects.toThrow(
        /paired\.json cannot be read \(EACCES\); run pre-pair as the owner/,
      );
    });
    expect(Object.keys(snapshot(stateDir))).toEqual(["devices", "devices/paired.json"]);
  });
});

describe.runIf(isRoot)("the group of a file", () => {
  it("is kept when the file is replaced", async () => {
    const { stateDir } = makeHome();
    const path = put(stateDir, "devices/paired.json", {});
    chownSync(path, 0, NOBODY);

    await run(stateDir);

    expect(statSync(path)).toMatchObject({ uid: 0, gid: NOBODY, mode: 0o100600 });
  });
});

describe.runIf(isRoot)("another user's", () => {
  it.each(["devices", "devices/paired.json", "identity/device.json", "."])("%s is refused", async (name) => {
    const { home, stateDir } = makeHome();
    put(stateDir, "identity/device.json", {});
    put(stateDir, "devices/paired.json", {});
    chownSync(join(stateDir, name), NOBODY, NOBODY);
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(/belongs to user 65534, not to user 0.*chown/);
    expect(snapshot(home)).toEqual(before);
  });

  it("state directory is prepared by root as that user", async () => {
    const { home, stateDir } = makeHome();
    chmodSync(home, 0o755);
    mkdirSync(stateDir);
    chownSync(stateDir, NOBODY, NOBODY);

    const { written } = await asOwnerOf(stateDir, () => run(stateDir));

    const paths = ["identity", "devices", ...written].map((name) => statSync(join(stateDir, name)));
    expect(paths.map(({ uid, gid }) => [uid, gid])).toEqual(paths.map(() => [NOBODY, NOBODY]));
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0]);
  });

  it("home gets a state directory of that user's", async () => {
    const { home, stateDir } = makeHome();
    chmodSync(home, 0o755);
    chownSync(home, NOBODY, NOBODY);

    await asOwnerOf(stateDir, () => run(stateDir));

    expect(statSync(stateDir).uid).toBe(NOBODY);
  });

  it("state directory that cannot be prepared leaves root as root", async () => {
    const { home, stateDir } = makeHome();
    chmodSync(home, 0o755);
    put(stateDir, "devices/paired.json", {});
    chownSync(stateDir, NOBODY, NOBODY);

    await expect(asOwnerOf(stateDir, () => run(stateDir))).rejects.toThrow(
      /devices belongs to user 0, not to user 65534/,
    );
    expect(process.geteuid?.()).toBe(0);
  });

  it.each([
    ["a link of a user to a folder of root", NOBODY, 0],
    ["a link of a user to a folder of another user", NOBODY, 1],
  ])("does not follow %s", async (_what, user, owner) => {
    const { home } = makeHome();
    chmodSync(home, 0o755);
    const target = join(home, "target");
    mkdirSync(target);
    chownSync(target, owner, owner);
    mkdirSync(join(home, "user"));
    chownSync(join(home, "user"), user, user);
    const stateDir = join(home, "user/.openclaw");
    symlinkSync(target, stateDir);
    lchownSync(stateDir, user, user);
    const before = snapshot(home);

    await expect(asOwnerOf(stateDir, () => run(stateDir))).rejects.toThrow(
      `is user ${user}'s, who could lead root from there to a folder of user ${owner}`,
    );
    expect(snapshot(home)).toEqual(before);
  });
});
