// Bundles with esbuild: for dist/ (build.mjs), and for tests and the benchmark.
import { readFile, writeFile } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
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

const programOptions = (entry, outfile, version, plugins) => ({
  ...options(version),
  entryPoints: [entry],
  outfile,
  metafile: true,
  plugins: [...plugins, raw, noTransports],
  minify: true,
  // Not in the npm package; published beside the file.
  sourcemap: true,
});

/**
 * Bundles the command (src/main.ts) as one executable file: launcher.mjs, then the program in a comment. The program is
 * CommonJS, so that it loads each of Node's modules when it is needed. Returns the metafile.
 */
export async function bundleCommand(outfile, version, plugins = []) {
  const base = programOptions(join(SRC, "main.ts"), outfile, version, plugins);
  const { metafile, outputFiles } = await build({
    ...base,
    format: "cjs",
    // The functions that vm.compileFunction() makes cannot import.
    supported: { "dynamic-import": false },
    define: { ...base.define, "import.meta.filename": "__filename" },
    write: false,
    sourcemap: "external",
  });
  const launcher = await readFile(join(import.meta.dirname, "launcher.mjs"), "utf8");
  const before = `#!/usr/bin/env node\n${launcher}/*\n`;
  const name = basename(outfile);
  for (const { path, text } of outputFiles) {
    if (path.endsWith(".map")) {
      const map = JSON.parse(text);
      // A semicolon is the end of a line.
      const mappings = ";".repeat(before.split("\n").length - 1) + map.mappings;
      await writeFile(path, JSON.stringify({ ...map, mappings }));
    } else if (path.endsWith(name)) {
      const after = `\n*/\n//# sourceMappingURL=${name}.map\n`;
      await writeFile(path, before + inComment(text) + after, { mode: 0o755 });
    } else await writeFile(path, text);
  }
  return metafile;
}

/** Returns a program as the text of launcher.mjs's comment. */
function inComment(program) {
  if (/[^\t\n -~]/.test(program)) throw new Error("esbuild did not escape a character of the program");
  return program.trimEnd().replaceAll("*/", "*\f");
}

/** Bundles `entry` and all its imports as one file for Node.js. Returns the metafile. */
export async function bundleProgram(entry, outfile, version, plugins = []) {
  const { metafile } = await build({
    ...programOptions(entry, outfile, version, plugins),
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
