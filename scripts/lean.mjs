// Leaves out of the bundle what packages carry for uses that this program does not have: a quarter of its size otherwise.

/** `pino.transport()` runs a transport in a worker thread from files beside pino, which one file does not have. */
const NO_WORKERS = 'module.exports=()=>{throw new Error("pino transports are not in this bundle")};';

/**
 * Characters of JSON5 identifiers by Unicode's general categories, as ECMAScript 5.1 (7.6) has them and json5 spells
 * them out: here in the engine's own words.
 */
const JSON5_CHARACTERS = `module.exports={
Space_Separator:/[\\u1680\\u2000-\\u200A\\u202F\\u205F\\u3000]/,
ID_Start:/[\\p{L}\\p{Nl}]/u,
ID_Continue:/[\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}]/u};`;

/** What takes a file's place, by the end of its path. */
const INSTEAD = new Map([
  ["pino/lib/transport.js", NO_WORKERS],
  ["pino/lib/multistream.js", NO_WORKERS.replace("transports", "multistreams")],
  ["json5/lib/unicode.js", JSON5_CHARACTERS],
  // The log has writers of its own (src/log/logger.ts).
  [
    "sonic-boom/index.js",
    'module.exports=class{constructor(){throw new Error("pino destinations are not in this bundle")}};',
  ],
  // Only JSON5.parse is used.
  [
    "json5/lib/stringify.js",
    'module.exports=()=>{throw new Error("JSON5.stringify is not in this bundle")};',
  ],
]);

/** A plugin for esbuild. */
export const lean = {
  name: "lean",
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/(?:(?:pino|json5)\/lib|sonic-boom)\/\w+\.js$/ }, ({ path }) => {
      const contents = INSTEAD.get(path.slice(path.lastIndexOf("/node_modules/") + "/node_modules/".length));
      return contents === undefined ? undefined : { contents, loader: "js" };
    });
  },
};
