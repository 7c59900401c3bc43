import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleCommand, bundleProgram } from "../../scripts/bundle.mjs";
import { nodeBinary } from "../../scripts/install-once.mjs";

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
  await promisify(execFile)(join(RECIPES, recipe, "build"), args, { timeout: BUILD_MS });
}
