import type { Metafile, Plugin } from "esbuild";

/** Bundles files imported with `?raw` as text. */
export const raw: Plugin;

/**
 * Bundles the command as one executable file.
 *
 * @param plugins further esbuild plugins; the benchmark builds a variant with one
 * @throws if esbuild fails
 */
export function bundleCommand(outfile: string, version: string, plugins?: Plugin[]): Promise<Metafile>;

/** Bundles the library as one file. @throws if esbuild fails */
export function bundleLibrary(outfile: string, version: string): Promise<void>;

/**
 * Bundles `entry` and all its imports as one file for Node.js.
 *
 * @param plugins as for {@link bundleCommand}
 * @throws if esbuild fails
 */
export function bundleProgram(
  entry: string,
  outfile: string,
  version: string,
  plugins?: Plugin[],
): Promise<Metafile>;
