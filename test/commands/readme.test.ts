import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/commands/command-table.ts";

const SRC = join(import.meta.dirname, "../../src");
const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

describe("the README", () => {
  it("names every command", () => {
    for (const { name } of COMMANDS) expect(readme).toContain(`openclaw-shim ${name}`);
  });

  it("names every event that is logged", () => {
    const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const events = sources.flatMap((name) =>
      [...readFileSync(join(SRC, name), "utf8").matchAll(/\blogger\.\w+\(\s*\{\s*event: "([\w.-]+)"/g)].map(
        ([, event]) => event,
      ),
    );
    expect(events.length).toBeGreaterThan(12);
    for (const event of events) expect(readme).toContain(`\`${event}\``);
  });
});
