/** Bundles the command into one executable file. @throws when esbuild fails. */
export function bundleCommand(outfile: string, version: string): Promise<void>;

/** Bundles the library into one file. @throws when esbuild fails. */
export function bundleLibrary(outfile: string, version: string): Promise<void>;
