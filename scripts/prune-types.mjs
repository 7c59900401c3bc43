// Removes declaration files that the entry file does not reference: they cannot be imported.
import { readdirSync, readFileSync, rmSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const REFERENCE = /\b(?:from|import\()\s*["'](\.[^"']*)\.ts["']/g;

/** Removes all files in `folder` except those that `entry` references, directly or indirectly. */
export function pruneTypes(folder, entry) {
  const needed = new Set();
  const visit = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, reference] of readFileSync(file, "utf8").matchAll(REFERENCE)) {
      visit(resolve(dirname(file), `${reference}.d.ts`));
    }
  };
  visit(resolve(folder, entry));
  removeOthers(resolve(folder), needed);
}

function removeOthers(folder, needed) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOthers(path, needed);
    else if (!needed.has(path)) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
