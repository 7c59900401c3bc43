// `npm run bench`: bundles the programs of the benchmark (Node 20 does not strip types) and runs the main one.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleCommand } from "../scripts/bundle.mjs";

const source = (path) => fileURLToPath(new URL(path, import.meta.url));
// Below node_modules, so that imports of external packages resolve.
const outdir = source("../node_modules/.cache/openclaw-shim-bench");

/** Replaces the handshake observer of the shim, to measure its cost. */
const withoutObserver = {
  name: "without-observer",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/outcome\/upgrade-session\.ts$/ }, () => ({ path: source("./unobserved.ts") })),
};

/** Loads it from its own folder, which it derives the folder of the OpenClaw releases from. */
const installsInPlace = {
  name: "installs-in-place",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/install-once\.mjs$/ }, () => ({
      path: source("../scripts/install-once.mjs"),
      external: true,
    })),
};

await Promise.all([
  build({
    outdir,
    plugins: [installsInPlace],
    entryPoints: {
      main: source("./main.ts"),
      gateway: source("./load/gateway.ts"),
      load: source("./load/load.ts"),
      "http-proxy-1": source("./proxies/http-proxy-1.ts"),
      "bare-node": source("./proxies/bare-node.ts"),
      "bare-proxy": source("./proxies/bare-proxy.ts"),
    },
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    packages: "external",
    logLevel: "warning",
  }),
  bundleCommand(`${outdir}/shim-unobserved.mjs`, "0.0.0-unobserved", [withoutObserver]),
]);
const { status } = spawnSync(process.execPath, [`${outdir}/main.mjs`, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
