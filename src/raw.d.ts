/** A file's text. vite reads it so in tests; esbuild puts it into the bundle (scripts/bundle.mjs). */
declare module "*?raw" {
  const text: string;
  export default text;
}
