// The first stage of dist/openclaw-shim.mjs, in syntax that Node.js 12 reads. Node.js parses a module whole and links its
// imports before it runs it. So the program, which an older Node.js cannot parse or link, follows in a comment, in
// sections that are compiled when they are needed. An import would take 1 ms, so there is none.
const OLDEST = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  const needed = `openclaw-shim: needs Node.js ${OLDEST.join(".")} or later`;
  const fix = "install a newer one from https://nodejs.org, or run this file with it";
  process.stderr.write(`${needed}; ${process.execPath} is ${process.versions.node}: ${fix}\n`);
  process.exitCode = 2;
} else if (process.getBuiltinModule) start((id) => process.getBuiltinModule(id), import.meta.filename);
else void startWithoutBuiltins();

/** For Node.js 21, and 22.0 to 22.2. */
async function startWithoutBuiltins() {
  const { createRequire } = await import("module");
  const builtin = (process.getBuiltinModule = createRequire(import.meta.url));
  start(builtin, builtin("url").fileURLToPath(import.meta.url));
}

function start(builtin, filename) {
  if (process.argv.length === 3 && /^(--version|-v|version)$/.test(process.argv[2])) {
    try {
      builtin("fs").writeSync(1, __VERSION__ + "\n");
      return;
    } catch {
      // The program knows what to do.
    }
  }
  const { compileFunction } = builtin("vm");
  // The text that Node.js has already: a file that was replaced since would have other sections.
  const text = String(program);
  const loaded = new Map();
  const load = (id) => {
    if (id[0] !== "#") {
      const found = builtin(id);
      // ws requires what is optional.
      if (found === undefined) throw new Error(`no module ${id}`);
      return found;
    }
    if (!loaded.has(id)) {
      const line = text.indexOf(`\v${id} `) + 1;
      const begin = text.indexOf("\n", line) + 1;
      // A slash that would end the comment was replaced by a form feed (bundle.mjs).
      const code = text.slice(begin, text.indexOf("\n\v", begin)).replaceAll("\f", "/");
      // The lines of a stack are those of this file.
      const lineOffset = Number(text.slice(line + id.length, begin));
      const names = ["require", "lazily", "exported", "__filename"];
      const exported = (values) => loaded.set(id, values);
      compileFunction(code, names, { filename, lineOffset })(load, lazily, exported, filename);
    }
    return loaded.get(id);
  };
  const lazily = (id) => Promise.resolve().then(() => load(id));
  load("#main");
}

function program() {
  /*SECTIONS*/
}
