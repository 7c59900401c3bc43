import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleCommand, bundleProgram } from "../../scripts/bundle.mjs";
import { nodeBinary } from "../../scripts/install-once.mjs";

const run = promisify(execFile);

const NODE = 22;
const BUILD_MS = 2 * 60_000;
const RECIPES = join(import.meta.dirname, "..", "..", "microvm");

/** Inputs of a recipe, and a folder for its output. */
export interface RecipeInputs {
  readonly folder: string;
  /** The bundled shim. */
  readonly bundle: string;
  readonly node: string;
  /** The bundled test program (inside/releases.ts). */
  readonly clients: string;
  remove(): Promise<void>;
}

/** Path of the test program in the machine. */
export const CLIENTS_PROGRAM = "/opt/test/clients.mjs";

/** Bundles the shim and the test's program. */
export async function prepareInputs(): Promise<RecipeInputs> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-microvm-"));
  const bundle = join(folder, "openclaw-shim.mjs");
  const clients = join(folder, "clients.mjs");
  await Promise.all([
    bundleCommand(bundle, "1.2.3"),
    bundleProgram(join(import.meta.dirname, "inside", "releases.ts"), clients, "1.2.3"),
  ]);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, bundle, clients, node: await nodeBinary(NODE), remove };
}

/** Runs a recipe of microvm/. @throws Error with its output if it fails */
export async function build(recipe: string, args: readonly string[]): Promise<void> {
  await run(join(RECIPES, recipe, "build"), args, { timeout: BUILD_MS });
}

/** Reads a file of an initramfs. */
export async function fileIn(image: string, path: string): Promise<string> {
  const { stdout } = await run("sh", ["-c", `gzip -dc ${image} | cpio -i --quiet --to-stdout ${path}`]);
  return stdout;
}

/** Appends an archive of the files in `root` to an initramfs: the kernel unpacks both. Returns the path of the result. */
export async function withFiles(image: string, root: string): Promise<string> {
  const added = `${root}.cpio.gz`;
  const pack = `find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0 | gzip > ${added}`;
  await run("sh", ["-c", pack], { cwd: root });
  const both = `${root}-both.cpio.gz`;
  await writeFile(both, Buffer.concat([await readFile(image), await readFile(added)]));
  return both;
}
