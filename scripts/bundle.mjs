// Bundles with esbuild: for dist/ (build.mjs), and for tests and the benchmark.
import { readFile, writeFile } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import { build, transform } from "esbuild";
import { bundleSections } from "./sections.mjs";

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

/** Modules that pino loads at its start for what the shim does not use, and what replaces each. */
const UNUSED_BY_PINO = {
  // Transports are threads.
  "thread-stream": "undefined",
  "on-exit-leak-free": "undefined",
  "./transport": "undefined",
  "./lib/transport": "undefined",
  "./lib/multistream": "undefined",
  worker_threads: "{ isMainThread: true }",
  // The shim writes the lines itself. `instanceof` needs a class.
  "sonic-boom": "class {}",
  // No line has a secret that would have to be removed.
  "@pinojs/redact": "undefined",
};

/** Leaves them out: 80 kB, and four of Node's own modules, which together take 5 ms of each start. */
export const smallPino = {
  name: "small-pino",
  setup({ onResolve, onLoad }) {
    const names = Object.keys(UNUSED_BY_PINO).map((name) => name.replaceAll(".", "\\."));
    onResolve({ filter: new RegExp(`^(?:${names.join("|")})$`) }, ({ path, importer }) =>
      /node_modules\/pino\//.test(importer) ? { path, namespace: "unused" } : undefined,
    );
    onLoad({ filter: /^/, namespace: "unused" }, ({ path }) => ({
      contents: `module.exports = ${UNUSED_BY_PINO[path]}`,
    }));
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

const programOptions = (version, plugins) => ({
  ...options(version),
  metafile: true,
  plugins: [...plugins, raw, smallPino],
  minify: true,
  // Not in the npm package; published beside the file.
  sourcemap: true,
});

/**
 * Bundles the command (src/main.ts) as one executable file: launcher.mjs, with the program's sections in its last comment.
 * The sections are CommonJS, so that they load each of Node's modules when it is needed. Returns the metafile.
 */
export async function bundleCommand(outfile, version, plugins = []) {
  const base = programOptions(version, plugins);
  const { sections, metafile } = await bundleSections({
    ...base,
    define: { ...base.define, "import.meta.filename": "__filename" },
    // LICENSES.txt has them.
    legalComments: "none",
  });
  const source = await readFile(join(import.meta.dirname, "launcher.mjs"), "utf8");
  const [before, after] = source.replace("__VERSION__", () => JSON.stringify(version)).split("SECTIONS");
  const maps = [];
  let text = `#!/usr/bin/env node\n${before}`;
  for (const { id, text: program, map } of sections) {
    text += "\n";
    const line = text.split("\n").length;
    text += `${MARK}${id} ${line}\n${inComment(program)}`;
    maps.push({ offset: { line, column: 0 }, map });
  }
  const name = basename(outfile);
  text += `\n${MARK}${after}//# sourceMappingURL=${name}.map\n`;
  await writeFile(outfile, text, { mode: 0o755 });
  await writeFile(`${outfile}.map`, JSON.stringify({ version: 3, file: name, sections: maps }));
  return metafile;
}

/** Begins the line before a section: a vertical tab. */
const MARK = "\v";

/** Returns a section as the text of launcher.mjs's comment. One with a slash that would end it is in memory twice: main has none. */
function inComment(program) {
  if (/[^\t\n -~]/.test(program)) throw new Error("esbuild did not escape a character of the program");
  return program.trimEnd().replaceAll("*/", "*\f");
}

/** Bundles `entry` and all its imports as one file for Node.js. Returns the metafile. */
export async function bundleProgram(entry, outfile, version, plugins = []) {
  const { metafile } = await build({
    ...programOptions(version, plugins),
    entryPoints: [entry],
    outfile,
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
