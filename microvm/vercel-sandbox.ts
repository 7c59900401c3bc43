// A Vercel Sandbox (https://vercel.com/docs/sandbox) with OpenClaw's gateway and the shim.
//   npm run build && npm i @vercel/sandbox, then: const sandbox = await openSandbox("my-claw", token)
//
// A sandbox keeps its files, but not its processes. Files are written when it is created; processes are started when it is
// created or resumed. Starting a process that is already running has no effect.
import { readFile } from "node:fs/promises";
import { Sandbox } from "@vercel/sandbox";

const HOME = "/vercel/sandbox";
const OPENCLAW = `${HOME}/openclaw/node_modules/.bin/openclaw`;
const GATEWAY_PORT = 18_789;
/** Published instead of the gateway's port: public requests have forwarding headers. */
const SHIM_PORT = 18_788;
const INSTALL_MS = 5 * 60_000;
const START_MS = 2 * 60_000;

/**
 * Opens or creates the sandbox of this name; resolves when gateway and shim are ready.
 * @throws Error with the failed command and its stderr
 */
export function openSandbox(name: string, gatewayToken: string): Promise<Sandbox> {
  return Sandbox.getOrCreate({
    name,
    // This opens the gateway to the internet; README.md, "Whom the recipes let in", says how to limit it, or not to.
    ports: [SHIM_PORT],
    env: { OPENCLAW_GATEWAY_TOKEN: gatewayToken, OPENCLAW_STATE_DIR: `${HOME}/.openclaw` },
    onCreate: async (sandbox) => {
      try {
        await install(sandbox);
        await start(sandbox);
      } catch (error) {
        // An incomplete sandbox would be reused the next time.
        await sandbox.delete();
        throw error;
      }
    },
    resume: true,
    onResume: start,
  });
}

async function install(sandbox: Sandbox): Promise<void> {
  await sandbox.writeFiles([
    { path: `${HOME}/openclaw-shim.mjs`, content: await readFile("dist/openclaw-shim.mjs") },
    { path: `${HOME}/health.mjs`, content: await readFile("microvm/health.mjs") },
  ]);
  await runCommand(sandbox, `npm install --prefix ${HOME}/openclaw openclaw`, INSTALL_MS);
  // Before the gateway's first start: pairs the device of the tools in the sandbox.
  await runCommand(sandbox, `node ${HOME}/openclaw-shim.mjs pre-pair`, START_MS);
}

async function start(sandbox: Sandbox): Promise<void> {
  await startOnce(sandbox, "gateway", `${OPENCLAW} gateway run --port ${GATEWAY_PORT} --allow-unconfigured`);
  await startOnce(sandbox, "shim", `node ${HOME}/openclaw-shim.mjs run --listen 127.0.0.1:${SHIM_PORT}`);
  await runCommand(sandbox, `until node ${HOME}/health.mjs ready 2>/dev/null; do sleep 0.5; done`, START_MS);
}

/** Starts a command in the background, unless it is running: it holds a lock until it exits. */
async function startOnce(sandbox: Sandbox, name: string, command: string): Promise<void> {
  const line = `exec flock --nonblock /tmp/${name}.lock ${command} >>${HOME}/${name}.log 2>&1`;
  await sandbox.runCommand({ cmd: "sh", args: ["-c", line], detached: true });
}

/** Runs a command and waits for it. @throws Error if its exit code is not 0 */
async function runCommand(sandbox: Sandbox, command: string, timeoutMs: number): Promise<void> {
  const finished = await sandbox.runCommand({ cmd: "sh", args: ["-c", command], timeoutMs });
  if (finished.exitCode !== 0)
    throw new Error(`${command}: exit ${finished.exitCode}: ${await finished.stderr()}`);
}
