// Bundles with esbuild: build.mjs makes dist/ of it, tests a bundle of their own.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const SRC = join(import.meta.dirname, "..", "src");

const options = (version) => ({
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  define: { __VERSION__: JSON.stringify(version) },
  // What `install` renders is read from systemd/ and launchd/ (imported with ?raw) and travels in the one file.
  loader: { ".service": "text", ".socket": "text", ".plist": "text" },
  legalComments: "linked",
  logLevel: "warning",
});

/** The command as one executable file, from src/main.ts. */
export async function bundleCommand(outfile, version) {
  await build({
    ...options(version),
    entryPoints: [join(SRC, "main.ts")],
    outfile,
    minify: true,
    // pino and ws are CommonJS: bundled into a module they need a require for Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  chmodSync(outfile, 0o755);
}

/** The library, from src/index.ts. */
export async function bundleLibrary(outfile, version) {
  await build({ ...options(version), entryPoints: [join(SRC, "index.ts")], outfile, packages: "external" });
}
