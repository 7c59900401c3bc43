// Builds dist/: the command as one file, the library, and the library's types.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { bundleCommand, bundleLibrary } from "./bundle.mjs";
import { licensesOf } from "./licenses.mjs";
import { pruneTypes } from "./prune-types.mjs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });

const [metafile] = await Promise.all([
  bundleCommand("dist/openclaw-shim.mjs", version),
  bundleLibrary("dist/index.mjs", version),
]);
writeFileSync("dist/LICENSES.txt", licensesOf(metafile));
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], {
  stdio: "inherit",
});
pruneTypes("dist/types", "index.d.ts");
