import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeHome, put, run, snapshot } from "./state.ts";

const FILES = ["identity/device.json", "devices/paired.json", "devices/pending.json"];
const SECRET = "c2VjcmV0LWtleS1tYXRlcmlhbA";

describe.each(FILES)("a damaged %s", (file) => {
  it.each([
    ["cut off", `{\n  "a": "${SECRET}`, "is damaged JSON at line 2, column"],
    ["with a trailing comma", `{"a": "${SECRET}",}`, "is damaged JSON at line 1, column"],
    ["that is not an object", SECRET, "is damaged JSON at line 1, column 1"],
    ["with trailing text", `{}\n${SECRET}`, "is damaged JSON at line 2, column 1"],
    ["that is JSON5", `{"a": "${SECRET}", "b": .5}`, "is not strict JSON, so it is damaged"],
    ["with a byte order mark", `\uFEFF{"a": "${SECRET}"}`, "is not strict JSON, so it is damaged"],
    ["that is empty", "", "is empty, so it is damaged"],
    ["of 5 MiB", " ".repeat(5 * 1024 * 1024), "is larger than"],
  ])(
    "%s is named with the position, never quoted, and all files are unchanged",
    async (_what, content, why) => {
      const { home, stateDir } = makeHome();
      for (const name of FILES.filter((other) => other !== file && !other.startsWith("identity"))) {
        put(stateDir, name, {});
      }
      put(stateDir, file, content);
      const before = snapshot(home);

      const refusal = String(await run(stateDir).catch((error: unknown) => error));

      expect(refusal).toContain(`${file} ${why}`);
      expect(refusal).not.toContain(SECRET.slice(0, 6));
      expect(snapshot(home)).toEqual(before);
    },
  );
});

describe("a paired.json", () => {
  it("with bytes that are not UTF-8 is refused: writing them back would change them", async () => {
    const { home, stateDir } = makeHome();
    const path = put(stateDir, "devices/paired.json", {});
    writeFileSync(path, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    const before = snapshot(home);

    await expect(run(stateDir)).rejects.toThrow(/paired\.json is not UTF-8/);
    expect(snapshot(home)).toEqual(before);
  });

  it("that is a list is refused", async () => {
    const { stateDir } = makeHome();
    put(stateDir, "devices/paired.json", []);

    await expect(run(stateDir)).rejects.toThrow(/paired\.json is not an object of devices/);
  });
});
