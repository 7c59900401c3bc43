// Runs under Wine: starts the program of a JSON file with its streams in files, and writes its exit code into one.
const { spawn } = require("node:child_process");
const { existsSync, openSync, readFileSync, rmSync, writeFileSync } = require("node:fs");

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
const timer = setInterval(() => {
  if (existsSync(spec.kill)) child.kill();
  if (!existsSync(spec.event)) return;
  raise(Number(readFileSync(spec.event)));
  rmSync(spec.event);
}, 50);

// As conhost.exe of Windows does: a new thread in the process runs CtrlRoutine, which calls the handlers. Wine's console
// itself has the event Ctrl-C alone: for Ctrl-Break it ends the process (server/console.c).
function raise(event) {
  const library = require(spec.koffi).load("kernel32.dll");
  const [open, module, address, thread] = [
    "void *OpenProcess(uint32_t access, int inherit, uint32_t pid)",
    "void *GetModuleHandleA(str name)",
    "void *GetProcAddress(void *module, str name)",
    "void *CreateRemoteThread(void *process, void *, size_t, void *start, uintptr_t event, uint32_t, void *)",
  ].map((declaration) => library.func(declaration));
  const routine = address(module("kernelbase.dll"), "CtrlRoutine");
  const PROCESS_ALL_ACCESS = 0x1f_ff_ff;
  if (!thread(open(PROCESS_ALL_ACCESS, 0, child.pid), null, 0, routine, event, 0, null)) child.kill();
}
const end = (code) => {
  clearInterval(timer);
  writeFileSync(spec.code, String(code));
};
child.once("error", (error) => end(`${error}`));
child.once("exit", end);
