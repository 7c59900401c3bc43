import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/commands/command-table.ts";
import { flagName } from "../../src/settings/names.ts";
import { SETTING_ROWS } from "../../src/settings/settings-table.ts";

const SRC = join(import.meta.dirname, "../../src");
const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

describe("the README", () => {
  it("has a row for every setting, and for no other flag", () => {
    const rows = [...readme.matchAll(/^\| `--([a-z-]+)/gm)].map(([, flag]) => flag);
    expect(rows).toHaveLength(SETTING_ROWS.length);
    expect(new Set(rows)).toEqual(new Set(SETTING_ROWS.map(([key]) => flagName(key))));
  });

  it.each(SETTING_ROWS)("says of %s what --help says: form and default", (key, setting) => {
    const { metavar, repeatable, default: texts = [], defaultNote } = setting;
    const form = `--${flagName(key)}${metavar === undefined ? "" : ` ${metavar.replaceAll("|", "\\|")}`}`;
    const start = `| \`${form}\`${repeatable ? " (repeatable)" : ""} | `;
    const row = readme.split("\n").find((line) => line.startsWith(start));
    expect(row, `a row that starts with ${start}`).toBeDefined();
    const defaults = metavar === undefined ? ["off"] : defaultNote === undefined ? texts : [defaultNote];
    for (const text of defaults) expect(row?.slice(start.length).split(" | ")[0]).toContain(text);
  });

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
