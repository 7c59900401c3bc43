// Runs under Wine: starts the program of a JSON file with its streams in files, and writes its exit code into one.
const { spawn } = require("node:child_process");
const { existsSync, openSync, readFileSync, writeFileSync } = require("node:fs");

const spec = JSON.parse(readFileSync(process.argv[2], "utf8"));
const given = Object.entries({ ...process.env, ...spec.env });
// Ctrl-C is for all programs of the console: this one waits for the other.
for (const signal of ["SIGINT", "SIGBREAK", "SIGHUP"]) process.on(signal, () => {});
const child = spawn(spec.command, spec.args, {
  cwd: spec.folder,
  // null removes a variable.
  env: Object.fromEntries(given.filter(([, value]) => value !== null)),
  stdio: ["ignore", openSync(spec.out, "w"), openSync(spec.err, "w")],
});
const timer = setInterval(() => existsSync(spec.kill) && child.kill(), 50);
const end = (code) => {
  clearInterval(timer);
  writeFileSync(spec.code, String(code));
};
child.once("error", (error) => end(`${error}`));
child.once("exit", end);
