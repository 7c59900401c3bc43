import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

/** Size limit of the file that images copy. */
const MOST_BYTES = 429_000;

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** Returns the error for a file with an unknown setting: it contains the name if the file can be parsed. */
async function complaint(config: string): Promise<string> {
  const path = join(command.folder, "config.json5");
  writeFileSync(path, config);
  const running = start(command, ["run", "--config", path]);
  expect(await running.exit).toBe(2);
  return running.stderr.join("\n");
}

describe("the bundle", () => {
  it(`is at most ${MOST_BYTES / 1000} kB`, () => {
    expect(statSync(command.path).size).toBeLessThanOrEqual(MOST_BYTES);
  });

  it.each(["hóld", "名前Ⅷ", "a\u0301क\u0903", "x\u203F٣"])(
    "reads %s as a name in JSON5, unquoted",
    async (name) => expect(await complaint(`{\u1680\u3000${name}: 1 }`)).toContain("no such setting"),
  );

  it.each(["٣a", "\u0301", "€"])("refuses %s as a name in JSON5, unquoted", async (name) => {
    expect(await complaint(`{ ${name}: 1 }`)).toContain("JSON5");
  });
});
