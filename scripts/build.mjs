// Builds dist/: the command as one file, the library, and the library's types.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });

const common = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  define: { __VERSION__: JSON.stringify(version) },
  legalComments: "linked",
  logLevel: "warning",
};

await Promise.all([
  build({
    ...common,
    entryPoints: ["src/main.ts"],
    outfile: "dist/openclaw-shim.mjs",
    minifySyntax: true,
    minifyWhitespace: true,
    // pino and ws are CommonJS: bundled into a module they need a require for Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  }),
  build({ ...common, entryPoints: ["src/index.ts"], outfile: "dist/index.mjs", packages: "external" }),
]);
chmodSync("dist/openclaw-shim.mjs", 0o755);
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json"], { stdio: "inherit" });
