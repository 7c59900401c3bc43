// Builds dist/: the command as one file, its manual page, the library, and the library's types.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleCommand, bundleLibrary, bundleProgram } from "./bundle.mjs";
import { licensesOf } from "./licenses.mjs";
import { pruneTypes } from "./prune-types.mjs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");

const [metafile] = await Promise.all([
  bundleCommand("dist/openclaw-shim.mjs", version),
  bundleLibrary("dist/index.mjs", version),
]);
writeFileSync("dist/openclaw-shim.1", await manPage());
writeFileSync("dist/LICENSES.txt", licensesOf(metafile));
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
  stdio: "inherit",
});
pruneTypes("dist/types", "index.d.ts");

/** The page is made from tables in TypeScript, which are bundled to be imported. */
async function manPage() {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-shim-man-"));
  try {
    const program = join(folder, "man-page.mjs");
    await bundleProgram("scripts/man-page.ts", program, version);
    return (await import(program)).manPage();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
