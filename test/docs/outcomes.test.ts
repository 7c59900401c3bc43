import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { outcomesDocument, outcomeTable } from "./outcome-tables.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = join(ROOT, "README.md");
const DOCUMENT = join(ROOT, "docs/outcomes.md");
const TABLE = /(<!-- outcomes: [^>]*-->\n)([^]*?)(<!-- end of outcomes -->)/;
const HOW = "not what the code says; npm run docs writes it";

if (process.env["UPDATE"] === "1") {
  const readme = readFileSync(README, "utf8");
  writeFileSync(
    README,
    readme.replace(TABLE, (_all, begin: string, _old, end: string) => begin + outcomeTable() + end),
  );
  writeFileSync(DOCUMENT, outcomesDocument());
}

describe("what the documents say of outcomes", () => {
  it("is what the code says: README.md", () => {
    expect(TABLE.exec(readFileSync(README, "utf8"))?.[2], HOW).toBe(outcomeTable());
  });

  it("is what the code says: docs/outcomes.md", () => {
    expect(readFileSync(DOCUMENT, "utf8"), HOW).toBe(outcomesDocument());
  });
});
