// Packs the package and installs it as a user would: npx from an empty folder, npm i -g on each Node.js, types in a program.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { nodeBinary } from "./install-once.mjs";

const MAJORS = [20, 22, 24, 26];
const ROOT = join(import.meta.dirname, "..");
const DEADLINE_MS = 180_000;

/** Files that the package must have. */
const NEEDED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "dist/LICENSES.txt",
  "dist/index.mjs",
  "dist/openclaw-shim.1",
  "dist/openclaw-shim.mjs",
  "dist/types/index.d.ts",
  "launchd/ai.openclaw.shim.plist",
  "package.json",
  "systemd/openclaw-shim.service",
  "systemd/openclaw-shim.socket",
  "systemd/user/openclaw-shim.service",
  "systemd/user/openclaw-shim.socket",
];
/** Further files that it may have. */
const OPTIONAL = /^dist\/types\/[\w/-]+\.d\.ts$|^(?:docs|microvm)\//;
/** Scripts that npm runs during an installation: the package must have none. */
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

const { version, scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-package-"));
try {
  const tarball = await step("npm pack contains exactly what a user needs", pack);
  await step("no script runs during the installation", checkScripts);
  await step("types resolve: attw", () => checkTypes(tarball));
  await step("types and library in a strict TypeScript program", () => checkLibrary(tarball));
  await step("npx demo from an empty folder", () => checkNpx(tarball));
  for (const major of MAJORS) {
    await step(`npm i -g on Node ${major}, without a compiler`, () => checkGlobal(tarball, major));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function step(what, check) {
  const started = performance.now();
  try {
    const result = await check();
    console.log(`ok: ${what} (${Math.round(performance.now() - started)} ms)`);
    return result;
  } catch (error) {
    console.log(`FAILED: ${what}: ${error.message}\n${error.stdout ?? ""}`);
    throw error;
  }
}

async function pack() {
  const [packed] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", folder], ROOT));
  const paths = packed.files.map(({ path }) => path);
  const missing = NEEDED.filter((path) => !paths.includes(path));
  const surplus = paths.filter((path) => !NEEDED.includes(path) && !OPTIONAL.test(path));
  if (missing.length > 0) throw new Error(`missing from the package: ${missing.join(", ")}`);
  if (surplus.length > 0) throw new Error(`unexpected in the package: ${surplus.join(", ")}`);
  console.log(`${packed.filename}: ${paths.length} files, ${packed.size} bytes`);
  return join(folder, packed.filename);
}

function checkScripts() {
  const found = INSTALL_SCRIPTS.filter((name) => Object.hasOwn(scripts, name));
  if (found.length > 0) throw new Error(`package.json has ${found.join(", ")}`);
}

async function checkTypes(tarball) {
  const attw = join(ROOT, "node_modules", ".bin", "attw");
  await run(attw, [tarball, "--profile", "esm-only", "--no-color", "--format", "table-flipped"], folder);
}

/** Compiles the example of docs/library.md with TypeScript, without `skipLibCheck`, and runs it. */
async function checkLibrary(tarball) {
  const cwd = await emptyFolder("program");
  await writeFile(join(cwd, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await writeFile(
    join(cwd, "program.ts"),
    `import { startShim, type Outcome } from "openclaw-shim";
const shim = await startShim({ listen: "127.0.0.1:0", gateway: "ws://127.0.0.1:18789" });
shim.on("outcome", (outcome: Outcome) => console.log(outcome.outcome, outcome.fix));
console.log(shim.addresses.length);
await shim.close();
`,
  );
  await run("npm", ["install", "--no-audit", "--no-fund", tarball, "@types/node@20"], cwd);
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "program.ts"];
  await run(process.execPath, [tsc, ...options], cwd);
  const output = await run(process.execPath, ["program.js"], cwd);
  if (output !== "1\n") throw new Error(`the program printed ${output}`);
}

async function checkNpx(tarball) {
  const cwd = await emptyFolder("npx");
  const output = await run("npx", ["--yes", `openclaw-shim@file:${tarball}`, "demo"], cwd);
  if (!output.includes("connected     hello-ok")) throw new Error(`demo printed:\n${output}`);
}

/** Installs with only node, npm and a shell in PATH: packages that need a compiler fail. */
async function checkGlobal(tarball, major) {
  const cwd = await emptyFolder(`node-${major}`);
  const bin = join(cwd, "bin");
  const prefix = join(cwd, "prefix");
  await mkdir(bin);
  await symlink(await nodeBinary(major), join(bin, "node"));
  await symlink("/bin/sh", join(bin, "sh"));
  const npm = (await run("npm", ["root", "--global"], cwd)).trim();
  const env = { ...process.env, PATH: bin };
  const cli = join(npm, "npm", "bin", "npm-cli.js");
  await run(
    join(bin, "node"),
    [cli, "install", "--global", "--no-audit", "--no-fund", "--prefix", prefix, tarball],
    cwd,
    env,
  );
  const command = join(prefix, "bin", "openclaw-shim");
  env.PATH = `${join(prefix, "bin")}:${bin}:/usr/bin`;
  const printedVersion = await run(command, ["--version"], cwd, env);
  if (printedVersion !== `${version}\n`) throw new Error(`--version printed ${printedVersion}`);
  const demo = await run(command, ["demo"], cwd, env);
  if (!demo.includes("openclaw-shim env")) throw new Error(`demo printed:\n${demo}`);
}

async function emptyFolder(name) {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

async function run(file, args, cwd, env = process.env) {
  const { stdout } = await promisify(execFile)(file, args, { cwd, env, timeout: DEADLINE_MS });
  return stdout;
}
