// The first stage of dist/openclaw-shim.mjs, in syntax that Node.js 12 reads. Node.js parses a module whole and links its
// imports before it runs it. So the program, which an older Node.js cannot parse or link, follows in a comment.
import { readFileSync } from "fs";
import { createRequire } from "module";
import { fileURLToPath } from "url";
import { compileFunction } from "vm";

const OLDEST = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  const needed = `openclaw-shim: needs Node.js ${OLDEST.join(".")} or later`;
  const fix = "install a newer one from https://nodejs.org, or run this file with it";
  process.stderr.write(`${needed}; ${process.execPath} is ${process.versions.node}: ${fix}\n`);
  process.exitCode = 2;
} else {
  const filename = fileURLToPath(import.meta.url);
  const file = readFileSync(filename);
  // A slash that would end the comment was replaced by a form feed (bundle.mjs).
  for (let at = file.indexOf(12); at !== -1; at = file.indexOf(12, at)) file[at] = 47;
  const start = file.indexOf("\n/*\n") + 4;
  // ASCII: as UTF-8 the same text would take 2 MB more.
  const program = file.toString("latin1", start, file.lastIndexOf("\n*/"));
  // The lines of a stack are those of this file.
  const lineOffset = file.toString("latin1", 0, start).split("\n").length - 1;
  compileFunction(program, ["require", "__filename"], { filename, lineOffset })(
    createRequire(filename),
    filename,
  );
}
