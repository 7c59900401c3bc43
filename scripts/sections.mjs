// Bundles a program as sections, of which a process loads only those that it needs.
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/**
 * The sections that others import statically, lower ones first. A section has all that its files import statically, and no
 * lower section has. Each other file that is imported dynamically begins a section, too.
 */
const LOWER = {
  // Every command loads it.
  main: ["main.ts", "settings/load.ts", "net/fresh-id.ts", "text/json.ts", "approve/state-files.ts"],
  "http-get": ["net/http-get.ts"],
  // Until it listens, `run` needs no more.
  run: ["commands/run.ts"],
  errors: ["errors.ts"],
  // All that relays is in one scope.
  relay: ["commands/logged-shim.ts", "upstream/gateway-probe.ts"],
  agent: ["upstream/gateway-agent.ts"],
  files: ["openclaw/small-file.ts", "text/strict-json.ts"],
  openclaw: ["openclaw/tool-variables.ts"],
  service: ["commands/service/status-command.ts"],
  device: ["openclaw/device.ts"],
  client: ["openclaw/gateway-session.ts"],
};

/** Packages that several sections need: each is a section, `#ws`. All others are in the one section that imports them. */
const PACKAGES = ["ws"];

/**
 * Modules of packages that are rarely needed: each is a section that is loaded at the first use of one of these members, or
 * at the first call of the function that it exports.
 */
const LAZY = { "ipaddr.js": ["IPv4", "IPv6", "parse", "process"], "json5/lib/parse.js": [] };

/**
 * Bundles `src/main.ts`.
 *
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<{ sections: { id: string, text: string, map: object }[], metafile: import("esbuild").Metafile }>} Each
 *   section is the body of a function of `require`, `lazily`, `exported` and `__filename`. It requires others by their ids,
 *   `#name`, or imports them with `lazily`, and calls `exported` with its exports. The first one is to be run.
 */
export async function bundleSections(options) {
  const common = {
    ...options,
    absWorkingDir: ROOT,
    bundle: true,
    format: "cjs",
    write: false,
    metafile: true,
  };
  const graph = await build({
    ...common,
    entryPoints: ["src/main.ts"],
    outfile: "main.cjs",
    // Of this build only the graph is used.
    packages: "external",
    sourcemap: false,
    logLevel: "silent",
    minify: false,
  });
  const { sectionOf, shared } = divide(graph.metafile.inputs);
  const packages = [...PACKAGES, ...Object.keys(LAZY)].map((name) => `#${name}`);
  const ids = [...new Set(sectionOf.values()), ...packages];
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: ids.map((id, at) => ({ in: id, out: `${at}` })),
    plugins: [...options.plugins, bySection(sectionOf, shared)],
    outdir: "dist",
    sourcemap: "external",
  });
  checkOnce(metafile.outputs);
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const sections = ids.map((id, at) => {
    const [text = "", map = ""] = [files.get(`${at}.js`), files.get(`${at}.js.map`)];
    // A function that vm.compileFunction() makes cannot import. A word as long keeps the source map right.
    const body = text.replace(/\bimport(?=\("(?:#|node:))/g, "lazily");
    return { id, text: body, map: JSON.parse(map) };
  });
  return { sections, metafile };
}

/** Returns the section of each file, and the files whose exports another section needs. */
function divide(inputs) {
  const sectionOf = new Map();
  const shared = new Set();
  const add = (path, id) => {
    const isNew = path in inputs && !sectionOf.has(path);
    if (!isNew) return;
    sectionOf.set(path, id);
    for (const { path: to, kind } of inputs[path].imports) if (kind !== "dynamic-import") add(to, id);
  };
  // A section takes all that no earlier one has, so none imports a later one statically.
  for (const [name, roots] of Object.entries(LOWER)) {
    for (const path of roots.map((root) => join("src", root))) {
      if (!(path in inputs)) throw new Error(`section ${name}: there is no ${path}`);
      add(path, `#${name}`);
    }
  }
  const dynamic = Object.values(inputs).flatMap(({ imports }) => imports);
  for (const { path, kind } of dynamic) if (kind === "dynamic-import") add(path, `#${path.slice(4, -3)}`);
  for (const [path, { imports }] of Object.entries(inputs)) {
    for (const { path: to, kind } of imports) {
      const isShared = kind === "dynamic-import" || sectionOf.get(to) !== sectionOf.get(path);
      if (!isShared || !sectionOf.has(to)) continue;
      shared.add(to);
    }
  }
  return { sectionOf, shared };
}

/** @throws Error if two sections have the same file: it would have two states */
function checkOnce(outputs) {
  const seen = new Set();
  for (const path of Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))) {
    if (seen.has(path)) throw new Error(`${path} is in two sections`);
    seen.add(path);
  }
}

/** Returns the names that a file exports. */
function namesIn(path) {
  const source = readFileSync(join(ROOT, path), "utf8");
  const names = [...source.matchAll(/^export (?:async )?(?:class|const|function\*?) (\w+)/gm)];
  const values = source.match(/^export (?!type |interface )/gm) ?? [];
  if (names.length !== values.length) throw new Error(`${path}: an export without a name`);
  // An overloaded function has several declarations.
  return [...new Set(names.map(([, name]) => name))];
}

/**
 * Returns a plugin whose entries, named by ids, export what other sections need: one object of values, which are smaller and
 * faster than esbuild's getters. A section requires the others, and itself in place of a dynamic import.
 */
function bySection(sectionOf, shared) {
  return {
    name: "by-section",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^#/ }, ({ path, kind }) =>
        kind === "entry-point" ? { path, namespace: "section" } : { path, external: true },
      );
      onLoad({ filter: /^/, namespace: "section" }, ({ path: id }) => {
        const files = [...shared, "src/main.ts"].filter((path) => sectionOf.get(path) === id);
        // Of a package, esbuild knows the names.
        if (files.length === 0) {
          const contents = `import * as all from "${id.slice(1)}"; exported({ ...all });`;
          return { contents, resolveDir: ROOT };
        }
        const names = files.map(namesIn);
        const lines = files.map((path, at) => `import { ${names[at].join(", ")} } from "./${path}";`);
        lines.push(`exported({ ${names.flat().join(", ")} });`);
        return { contents: lines.join("\n"), resolveDir: ROOT };
      });
      onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, namespace, resolveDir, kind }) => {
        const file = relative(ROOT, join(resolveDir, path));
        // package.json says that no module has side effects.
        if (namespace === "section") return { path: join(ROOT, file), sideEffects: true };
        const section = sectionOf.get(file);
        const isOther = section !== sectionOf.get(relative(ROOT, importer)) || kind === "dynamic-import";
        return section !== undefined && isOther ? { path: section, external: true } : undefined;
      });
      onResolve({ filter: /^/ }, ({ path, namespace }) => {
        if (namespace === "section") return undefined;
        if (PACKAGES.includes(path)) return { path: `#${path}`, external: true };
        return Object.hasOwn(LAZY, path) ? { path, namespace: "lazy" } : undefined;
      });
      onLoad({ filter: /^/, namespace: "lazy" }, ({ path }) => {
        const loaded = `require("#${path}")`;
        const getters = LAZY[path].map((name) => `get ${name}() { return ${loaded}.${name}; }`);
        const value =
          getters.length === 0 ? `(...args) => ${loaded}.default(...args)` : `{ ${getters.join(", ")} }`;
        return { contents: `module.exports = ${value};` };
      });
    },
  };
}
