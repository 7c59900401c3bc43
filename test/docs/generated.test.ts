import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compatibilityPage, factTable, readRecord } from "../gateway/matrix/document.ts";
import { headersPage } from "./headers-page.ts";
import { outcomeFieldTable } from "./outcome-fields.ts";
import { outcomesPage } from "./outcomes-page.ts";
import { commandTable, settingsPage } from "./settings-page.ts";
import { terminalSample } from "./terminal-sample.ts";

const ROOT = join(import.meta.dirname, "../..");
const HOW = "differs from the code; npm run docs writes it";

const PAGES = [
  ["docs/outcomes.md", outcomesPage()],
  ["docs/settings.md", settingsPage()],
  ["docs/headers.md", headersPage()],
  ["docs/compatibility.md", compatibilityPage(readRecord())],
  ["src/openclaw/release-facts.json", factTable(readRecord())],
] as const;

/** Text between two comments with that name. */
const PARTS = [
  ["README.md", "commands", commandTable()],
  ["docs/observability.md", "terminal", terminalSample()],
  ["docs/observability.md", "fields", outcomeFieldTable()],
] as const;

function part(name: string): RegExp {
  return new RegExp(`(<!-- ${name}: [^>]*-->\\n)([^]*?)(<!-- end of ${name} -->)`);
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

if (process.env["UPDATE"] === "1") {
  for (const [path, text] of PAGES) writeFileSync(join(ROOT, path), text);
  for (const [path, name, text] of PARTS) {
    const old = read(path);
    const updated = old.replace(part(name), (_all, begin: string, _old, end: string) => begin + text + end);
    writeFileSync(join(ROOT, path), updated);
  }
}

describe("generated documentation", () => {
  it.each(PAGES)("matches the code: %s", (path, text) => {
    expect(read(path), HOW).toBe(text);
  });

  it.each(PARTS)("matches the code: %s, %s", (path, name, text) => {
    expect(part(name).exec(read(path))?.[2], HOW).toBe(text);
  });
});
