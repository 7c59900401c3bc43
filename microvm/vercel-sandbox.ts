// A Vercel Sandbox (https://vercel.com/docs/sandbox) that holds OpenClaw's gateway and the shim.
//   npm run build && npm i @vercel/sandbox, then: const sandbox = await openSandbox("my-claw", token)
//
// Its files persist, its processes do not: files are put there once, when it is made, and processes are started then and
// whenever it is resumed. Starting what runs already does nothing.
import { readFile } from "node:fs/promises";
import { Sandbox } from "@vercel/sandbox";

const HOME = "/vercel/sandbox";
const OPENCLAW = `${HOME}/openclaw/node_modules/.bin/openclaw`;
const GATEWAY_PORT = 18_789;
/** Made public instead of the gateway's: what comes in from there has forwarding headers. */
const SHIM_PORT = 18_788;
const INSTALL_MS = 5 * 60_000;
const START_MS = 2 * 60_000;

/**
 * Opens the sandbox of this name, or makes it; when it resolves, gateway and shim answer.
 * @throws Error with what failed in it
 */
export function openSandbox(name: string, gatewayToken: string): Promise<Sandbox> {
  return Sandbox.getOrCreate({
    name,
    ports: [SHIM_PORT],
    env: { OPENCLAW_GATEWAY_TOKEN: gatewayToken, OPENCLAW_STATE_DIR: `${HOME}/.openclaw` },
    onCreate: async (sandbox) => {
      try {
        await install(sandbox);
        await start(sandbox);
      } catch (error) {
        // Half made, it would be taken for whole the next time.
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
  await finished(sandbox, `npm install --prefix ${HOME}/openclaw openclaw`, INSTALL_MS);
  // Before the gateway's first start: the device that tools in the sandbox use is a paired one then.
  await finished(sandbox, `node ${HOME}/openclaw-shim.mjs pre-pair`, START_MS);
}

async function start(sandbox: Sandbox): Promise<void> {
  await running(sandbox, "gateway", `${OPENCLAW} gateway run --port ${GATEWAY_PORT} --allow-unconfigured`);
  await running(sandbox, "shim", `node ${HOME}/openclaw-shim.mjs run --listen 127.0.0.1:${SHIM_PORT}`);
  await finished(sandbox, `until node ${HOME}/health.mjs ready 2>/dev/null; do sleep 0.5; done`, START_MS);
}

/** Starts it in the background, unless one that was started so still runs: it holds a lock for as long as it does. */
async function running(sandbox: Sandbox, what: string, command: string): Promise<void> {
  const line = `exec flock --nonblock /tmp/${what}.lock ${command} >>${HOME}/${what}.log 2>&1`;
  await sandbox.runCommand({ cmd: "sh", args: ["-c", line], detached: true });
}

async function finished(sandbox: Sandbox, command: string, timeoutMs: number): Promise<void> {
  const done = await sandbox.runCommand({ cmd: "sh", args: ["-c", command], timeoutMs });
  if (done.exitCode !== 0) throw new Error(`${command}: exit ${done.exitCode}: ${await done.stderr()}`);
}
