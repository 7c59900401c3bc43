// oxlint-disable-next-line no-underscore-dangle -- a define of the bundler (scripts/build.mjs), set apart by its underscores
declare const __VERSION__: string | undefined;

/** The version in package.json; the bundler puts it in. */
export const VERSION: string = typeof __VERSION__ === "string" ? __VERSION__ : "0.0.0-dev";
