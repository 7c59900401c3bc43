// Runs dist/openclaw-shim.mjs, alone in an empty folder, on every Node.js version that the README names, and on older ones.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { nodeBinary } from "./install-once.mjs";

const MAJORS = [20, 22, 24, 26];
/** Of Ubuntu 22.04 and Debian 11, of Debian 12, and one between. */
const TOO_OLD = [12, 16, 18];
const ROOT = join(import.meta.dirname, "..");
const FILE = "openclaw-shim.mjs";
const COMMAND_MS = 30_000;
const START_MS = 10_000;

const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
let failed = 0;
for (const major of [...TOO_OLD, ...MAJORS]) {
  const started = performance.now();
  try {
    const node = await nodeBinary(major);
    const { stdout } = await promisify(execFile)(node, ["--version"]);
    await (TOO_OLD.includes(major) ? refusal(node) : smoke(node));
    console.log(`ok: Node ${stdout.trim()} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: Node ${major}: ${error.message}`);
  }
}
console.log(`${TOO_OLD.length + MAJORS.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function smoke(node) {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-smoke-"));
  try {
    await copyFile(join(ROOT, "dist", FILE), join(folder, FILE));
    await checkCommands(node, folder);
    await checkDaemon(node, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Checks that an older Node.js prints one line, and exits with 2. */
async function refusal(node) {
  const ended = await promisify(execFile)(node, [join(ROOT, "dist", FILE)]).catch((error) => error);
  const { code, stdout, stderr } = ended;
  const isExpected = /^openclaw-shim: needs Node\.js 20\.19 or later; [^\n]+\n$/.test(stderr);
  if (code !== 2 || stdout !== "" || !isExpected) throw new Error(`exit ${code}:\n${stdout}${stderr}`);
}

async function checkCommands(node, folder) {
  const expected = {
    "--version": (text) => text === `${version}\n`,
    "--help": (text) => text.includes("--gateway"),
    demo: (text) => text.includes("connected"),
  };
  for (const [argument, isExpected] of Object.entries(expected)) {
    const { stdout, stderr } = await promisify(execFile)(node, [FILE, argument], {
      cwd: folder,
      env: environment(folder),
      timeout: COMMAND_MS,
    });
    if (!isExpected(stdout)) throw new Error(`${argument} printed:\n${stdout}`);
    if (stderr !== "") throw new Error(`${argument} printed to stderr:\n${stderr}`);
  }
}

/** Starts the daemon, requests a page of a gateway through it, and ends it with SIGTERM. */
async function checkDaemon(node, folder) {
  const gateway = createServer((request, response) => response.end(`page for ${request.headers.host}`));
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const authority = `127.0.0.1:${gateway.address().port}`;
  const args = [FILE, "run", "--listen", "127.0.0.1:0", "--gateway", `ws://${authority}`];
  const daemon = spawn(node, args, {
    cwd: folder,
    env: environment(folder),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(daemon, "close", { signal: AbortSignal.timeout(2 * COMMAND_MS) });
  let errors = "";
  daemon.stderr.on("data", (chunk) => (errors += chunk));
  try {
    const [line] = await within("listening", once(createInterface({ input: daemon.stdout }), "line"), ended);
    const { event, addresses } = JSON.parse(line);
    if (event !== "listening") throw new Error(`its first line is ${line}`);
    const response = await fetch(`http://${addresses[0]}/`, { signal: AbortSignal.timeout(START_MS) });
    const text = await response.text();
    if (text !== `page for ${authority}`) throw new Error(`GET / returned ${response.status} ${text}`);
    daemon.kill("SIGTERM");
    const [code, signal] = await within("exit after SIGTERM", ended);
    if (code !== 0) throw new Error(`SIGTERM ended it with ${code ?? signal}`);
    if (errors !== "") throw new Error("it printed to stderr");
  } catch (error) {
    throw new Error(`run: ${error.message}\n${errors}`, { cause: error });
  } finally {
    daemon.kill("SIGKILL");
    gateway.closeAllConnections();
    gateway.close();
  }
}

/** Returns an environment without settings of the current user. */
function environment(folder) {
  return { PATH: process.env.PATH, HOME: folder };
}

/** Resolves with the event; rejects if the process ends or the deadline passes before it. */
async function within(what, event, ended = new Promise(() => {})) {
  let deadline;
  const late = new Promise((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`no ${what} within ${START_MS} ms`)), START_MS);
  });
  const early = ended.then(([code, signal]) => {
    throw new Error(`it ended with ${code ?? signal} before ${what}`);
  });
  try {
    return await Promise.race([event, early, late]);
  } finally {
    clearTimeout(deadline);
  }
}
