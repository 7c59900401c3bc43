import type { Plugin } from "esbuild";

/**
 * Bundles the command into one executable file.
 *
 * @param plugins what changes the contents, for a variant (the bench has one)
 * @throws when esbuild fails
 */
export function bundleCommand(outfile: string, version: string, plugins?: Plugin[]): Promise<void>;

/** Bundles the library into one file. @throws when esbuild fails. */
export function bundleLibrary(outfile: string, version: string): Promise<void>;
