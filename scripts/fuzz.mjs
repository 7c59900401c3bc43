// `npm run fuzz -- TARGET …`: bundles the fuzzer with the shim's sources (Node 20 does not strip types) and runs it.
import { spawnSync } from "node:child_process";
import { build } from "esbuild";
import { raw } from "./bundle.mjs";

const outdir = "node_modules/.cache/openclaw-shim-fuzz";
await build({
  entryPoints: ["test/hard/fuzz/run.ts", "test/hard/fuzz/watchdog-thread.ts"],
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  packages: "external",
  plugins: [raw],
  logLevel: "warning",
});
const [first = "all", ...rest] = process.argv.slice(2);
const targets = first === "all" ? ["heads", "frames", "settings", "stores", "wire"] : [first];
for (const target of targets) {
  const { status } = spawnSync(process.execPath, ["--no-warnings", `${outdir}/run.mjs`, target, ...rest], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
