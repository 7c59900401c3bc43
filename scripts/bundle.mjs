// Bundles with esbuild: build.mjs makes dist/ of it, tests a bundle of their own.
import { chmodSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { build, transform } from "esbuild";
import { lean } from "./lean.mjs";

const SRC = join(import.meta.dirname, "..", "src");

/**
 * What is imported with `?raw` travels in the one file as text: what `install` renders (systemd/, launchd/), and the
 * page of src/status/page, minified, whose scripts must not be taken for modules of the program.
 */
export const raw = {
  name: "raw",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\?raw$/, "")),
      namespace: "raw",
    }));
    onLoad({ filter: /^/, namespace: "raw" }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: await minified(source, extname(path)), loader: "text" };
    });
  },
};

async function minified(source, extension) {
  // One space stays where a line ended: between words it is one.
  if (extension === ".html") return source.replaceAll(/\s*\n\s*/g, " ");
  const loader = { ".css": "css", ".js": "js" }[extension];
  return loader ? (await transform(source, { loader, minify: true })).code : source;
}

const options = (version) => ({
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [raw],
  legalComments: "linked",
  logLevel: "warning",
});

/**
 * The command as one executable file, from src/main.ts; with plugins that change what goes into it, a variant.
 *
 * @returns what went into it
 */
export async function bundleCommand(outfile, version, plugins = []) {
  const metafile = await bundleProgram(join(SRC, "main.ts"), outfile, version, plugins);
  chmodSync(outfile, 0o755);
  return metafile;
}

/** What `entry` names, with all that it imports, as one file that Node.js runs. */
export async function bundleProgram(entry, outfile, version, plugins = []) {
  const { metafile } = await build({
    ...options(version),
    entryPoints: [entry],
    outfile,
    metafile: true,
    plugins: [...plugins, raw, lean],
    minify: true,
    // pino and ws are CommonJS: bundled into a module they need a require for Node's own modules.
    banner: {
      js: '#!/usr/bin/env node\nimport{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  return metafile;
}

/** The library, from src/index.ts. */
export async function bundleLibrary(outfile, version) {
  await build({ ...options(version), entryPoints: [join(SRC, "index.ts")], outfile, packages: "external" });
}
