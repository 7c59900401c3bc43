// Removes declarations that a package's face does not lead to: nobody could import them.
import { readdirSync, readFileSync, rmSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const REFERENCE = /\b(?:from|import\()\s*["'](\.[^"']*)\.ts["']/g;

/** Keeps the declaration files in `folder` that `entry` leads to, through whatever files. */
export function pruneTypes(folder, entry) {
  const needed = new Set();
  const follow = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, reference] of readFileSync(file, "utf8").matchAll(REFERENCE)) {
      follow(resolve(dirname(file), `${reference}.d.ts`));
    }
  };
  follow(resolve(folder, entry));
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
