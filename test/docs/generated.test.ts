import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { outcomesDocument, outcomeTable } from "./outcome-tables.ts";
import { settingsTable } from "./settings-rows.ts";
import { terminalSample } from "./terminal-sample.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = join(ROOT, "README.md");
const DOCUMENT = join(ROOT, "docs/outcomes.md");
const HOW = "not what the code says; npm run docs writes it";

/** What the README has between two comments of that name, and what the code makes of it. */
const PARTS = [
  ["outcomes", outcomeTable()],
  ["terminal", terminalSample()],
  ["settings", settingsTable()],
] as const;

function part(name: string): RegExp {
  return new RegExp(`(<!-- ${name}: [^>]*-->\\n)([^]*?)(<!-- end of ${name} -->)`);
}

if (process.env["UPDATE"] === "1") {
  let readme = readFileSync(README, "utf8");
  for (const [name, text] of PARTS) {
    readme = readme.replace(part(name), (_all, begin: string, _old, end: string) => begin + text + end);
  }
  writeFileSync(README, readme);
  writeFileSync(DOCUMENT, outcomesDocument());
}

describe("what the documents show", () => {
  it.each(PARTS)("is what the code says: README.md, %s", (name, text) => {
    expect(part(name).exec(readFileSync(README, "utf8"))?.[2], HOW).toBe(text);
  });

  it("is what the code says: docs/outcomes.md", () => {
    expect(readFileSync(DOCUMENT, "utf8"), HOW).toBe(outcomesDocument());
  });
});
