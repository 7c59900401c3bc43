import type { Metafile, Plugin } from "esbuild";

/** Makes text of what is imported with `?raw`. */
export const raw: Plugin;

/**
 * Bundles the command into one executable file.
 *
 * @param plugins what changes the contents, for a variant (the bench has one)
 * @returns what went into it
 * @throws when esbuild fails
 */
export function bundleCommand(outfile: string, version: string, plugins?: Plugin[]): Promise<Metafile>;

/** Bundles the library into one file. @throws when esbuild fails. */
export function bundleLibrary(outfile: string, version: string): Promise<void>;

/**
 * Bundles what `entry` names, with all that it imports, into one file that Node.js runs.
 *
 * @param plugins as for {@link bundleCommand}
 * @returns what went into it
 * @throws when esbuild fails
 */
export function bundleProgram(
  entry: string,
  outfile: string,
  version: string,
  plugins?: Plugin[],
): Promise<Metafile>;
