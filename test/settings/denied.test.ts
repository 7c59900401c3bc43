import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { asNobody } from "../commands/pre-pair/users.ts";
import { problems } from "./load.ts";

describe("OpenClaw's config of another user", () => {
  it.each([
    ["the file", 0o755],
    ["its folder", 0o000],
  ])("that is not readable, because of %s: names the user to run as", async (_, folderMode) => {
    const home = mkdtempSync(join(tmpdir(), "shim-denied-"));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const folder = join(home, ".openclaw");
    mkdirSync(folder);
    writeFileSync(join(folder, "openclaw.json"), "{}");
    chmodSync(join(folder, "openclaw.json"), 0o000);
    chmodSync(folder, folderMode);
    await asNobody(home, async () => {
      expect(await problems([], { HOME: home })).toEqual([
        `OpenClaw's config: ${folder}/openclaw.json cannot be read (EACCES); run it as the owner of that file ` +
          `(uid ${process.getuid?.()}), or give --gateway URL`,
      ]);
      expect(await problems(["--gateway", "ws://127.0.0.1:1"], { HOME: home })).toEqual([]);
    });
    chmodSync(folder, 0o755);
  });
});
