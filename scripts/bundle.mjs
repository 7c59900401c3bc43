// Bundles with esbuild: for dist/ (build.mjs), and for tests and the benchmark.
import { chmodSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { build, transform } from "esbuild";

const ROOT = join(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/**
 * Bundles files imported with `?raw` as text: the service templates (systemd/, launchd/), and the minified parts of the
 * status page (src/status/page).
 */
export const raw = {
  name: "raw",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
      // Relative, because esbuild writes it into the library and the source map.
      path: relative(ROOT, join(resolveDir, path.replace(/\?raw$/, ""))),
      namespace: "raw",
    }));
    onLoad({ filter: /^/, namespace: "raw" }, async ({ path }) => {
      const source = await readFile(join(ROOT, path), "utf8");
      return { contents: await minified(source, extname(path)), loader: "text" };
    });
  },
};

/**
 * Leaves out what pino loads at its start for transports, which are threads. The shim writes the log itself; the bundle
 * becomes 11 kB smaller.
 */
const noTransports = {
  name: "no-transports",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:thread-stream|on-exit-leak-free)$/ }, ({ path }) => ({
      path,
      namespace: "none",
    }));
    onLoad({ filter: /^/, namespace: "none" }, () => ({ contents: "module.exports = undefined" }));
  },
};

async function minified(source, extension) {
  // A space replaces each line break, as it may separate words.
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

/** Bundles the command (src/main.ts) as one executable file. Returns the metafile. */
export async function bundleCommand(outfile, version, plugins = []) {
  const metafile = await bundleProgram(join(SRC, "main.ts"), outfile, version, plugins);
  chmodSync(outfile, 0o755);
  return metafile;
}

/** Bundles `entry` and all its imports as one file for Node.js. Returns the metafile. */
export async function bundleProgram(entry, outfile, version, plugins = []) {
  const { metafile } = await build({
    ...options(version),
    entryPoints: [entry],
    outfile,
    metafile: true,
    plugins: [...plugins, raw, noTransports],
    minify: true,
    // Not in the npm package; published beside the file.
    sourcemap: true,
    // pino and ws are CommonJS: in an ES module they need a `require` for Node's modules.
    banner: {
      js: '#!/usr/bin/env node\nimport{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  return metafile;
}

/** Bundles the library (src/index.ts). */
export async function bundleLibrary(outfile, version) {
  await build({ ...options(version), entryPoints: [join(SRC, "index.ts")], outfile, packages: "external" });
}
