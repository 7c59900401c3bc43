// Bundles a program as sections, of which a process loads only those that it needs.
import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/**
 * The sections that others import statically, lower ones first. A section has all that its files import statically, and no
 * lower section has. Each other file that is imported dynamically begins a section, too.
 */
const LOWER = {
  // Every command loads it.
  main: ["main.ts", "settings/load.ts", "settings/warnings.ts", "net/fresh-id.ts", "approve/state-files.ts"],
  "http-get": ["net/http-get.ts"],
  // All that relays is in one scope.
  run: ["commands/run.ts", "upstream/gateway-probe.ts"],
  ws: ["../node_modules/ws/wrapper.mjs"],
  agent: ["upstream/gateway-agent.ts"],
  json5: ["openclaw/small-file.ts", "text/strict-json.ts"],
  openclaw: ["openclaw/tool-variables.ts"],
  service: ["commands/service/status-command.ts"],
  device: ["openclaw/device.ts"],
  client: ["openclaw/gateway-session.ts"],
};

/**
 * Bundles `src/main.ts`.
 *
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<{ sections: { id: string, text: string, map: object }[], metafile: import("esbuild").Metafile }>} Each
 *   section is the body of a function of `require`, `lazily`, `exported` and `__filename`. It requires others by their ids,
 *   `#name`, or imports them with `lazily`, and assigns its exports to `exported`. The first one is to be run.
 */
export async function bundleSections(options) {
  const common = { ...options, absWorkingDir: ROOT, bundle: true, metafile: true, write: false };
  const { metafile } = await build({
    ...common,
    entryPoints: ["src/main.ts"],
    format: "cjs",
    outfile: "main.cjs",
    // Of this build only the graph is used.
    sourcemap: false,
    logLevel: "silent",
  });
  const { sectionOf, shared } = divide(metafile.inputs);
  const ids = [...new Set(sectionOf.values())];
  const sections = await Promise.all(
    ids.map(async (id) => {
      const { outputFiles } = await build({
        ...common,
        stdin: { contents: contentsOf(id, sectionOf, shared), resolveDir: ROOT, sourcefile: id },
        plugins: [...options.plugins, others(id, sectionOf)],
        format: "cjs",
        outfile: "section.cjs",
        sourcemap: "external",
      });
      const [map, { text }] = outputFiles;
      // A function that vm.compileFunction() makes cannot import. A word as long keeps the source map right.
      const body = text.replace(/\bimport(?=\("(?:#|node:))/g, "lazily");
      return { id, text: body, map: JSON.parse(map.text) };
    }),
  );
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

/** Returns a module that exports what other sections need of this one: values, which are faster than esbuild's getters. */
function contentsOf(id, sectionOf, shared) {
  return [...shared, "src/main.ts"]
    .filter((path) => sectionOf.get(path) === id)
    .map((path, at) => `import * as m${at} from "./${path}"; Object.assign(exported, m${at});`)
    .join("\n");
}

/** Lets a section require the others, and itself in place of a dynamic import. */
function others(id, sectionOf) {
  return {
    name: "others",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^#]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
        // What a package imports is in its section.
        const isInside = importer.includes("node_modules") || isBuiltin(path) || kind === "entry-point";
        if (isInside || pluginData === id) return undefined;
        const found = await resolve(path, { importer, resolveDir, kind, pluginData: id });
        const section = sectionOf.get(relative(ROOT, found.path));
        if (section !== undefined && (section !== id || kind === "dynamic-import"))
          return { path: section, external: true };
        // package.json says that no module has side effects.
        return found.namespace === "file" && importer === join(ROOT, id)
          ? { ...found, sideEffects: true }
          : found;
      });
    },
  };
}
