// Generates the pictures in docs/ from real runs of the bundle: the status page in Chromium, and the demo.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundleCommand } from "./bundle.mjs";
import { drawTerminals } from "./draw-terminals.mjs";

const ROOT = join(import.meta.dirname, "..");
const DOCS = join(ROOT, "docs");
/** Below node_modules, so that imports of external packages resolve. */
const PARTS = join(ROOT, "node_modules", ".cache", "openclaw-shim-pictures", "parts.mjs");
const RELEASE = "2026.4.5";
const SECTION = "OpenClaw 2026.9.6";
const SIZE = { width: 1200, height: 1000 };
const DEADLINE_MS = 30_000;
const LIMIT_BYTES = 200_000;

const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
const parts = await loadParts();
const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-pictures-"));
try {
  const command = join(folder, "openclaw-shim.mjs");
  await bundleCommand(command, version);
  await picturePage(command, join(DOCS, "page.png"));
  await pictureTerminal(command, join(DOCS, "terminal-before-after.svg"));
} finally {
  await rm(folder, { recursive: true });
}

/** Bundles and imports the TypeScript parts: fake gateway, header-injecting proxy, client, browser. */
async function loadParts() {
  await build({
    stdin: {
      contents: `
        export { startFakeGateway } from "./test/fake-gateway/server.ts";
        export { startInjectingProxy } from "./test/support/header-injecting-proxy.ts";
        export { handshake } from "./test/support/client.ts";
        export { createDevice } from "./src/openclaw/device.ts";
        export { openBrowserPage } from "./test/gateway/browser.ts";`,
      resolveDir: ROOT,
      loader: "ts",
    },
    outfile: PARTS,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
  return import(PARTS);
}

async function picturePage(command, file) {
  const token = "not-a-secret";
  const gateway = await parts.startFakeGateway({ release: RELEASE, token });
  const shim = await startShim(command, gateway.url);
  const host = "sandbox.example.com";
  const throughShim = await parts.startInjectingProxy({
    target: { host: "127.0.0.1", port: shim.port },
    host,
  });
  const pastShim = await parts.startInjectingProxy({
    target: { host: "127.0.0.1", port: gateway.port },
    host,
  });
  const browser = await parts.openBrowserPage();
  try {
    const connect = (proxy, options) => parts.handshake({ url: proxy.url, token, ...options });
    const client = { version: RELEASE, platform: "linux" };
    const refusedBefore = parts.createDevice();
    await connect(pastShim, { client, device: refusedBefore });
    await connect(throughShim, { client, device: parts.createDevice(), token: "not-the-token" });
    await connect(throughShim, { client, device: refusedBefore });
    await connect(throughShim, {
      client,
      device: parts.createDevice(),
      scopes: ["operator.read", "operator.write"],
      keepOpen: true,
    });
    const { page } = browser;
    await page.setViewportSize(SIZE);
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(`http://127.0.0.1:${shim.port}/__shim__/`);
    await page.getByRole("heading", { name: "The gateway is up" }).waitFor();
    await page.getByRole("listitem").nth(2).waitFor();
    const bottom = await page.evaluate("document.querySelector('#outcomes').getBoundingClientRect().bottom");
    const clip = { x: 0, y: 0, width: SIZE.width, height: Math.ceil(bottom) + 4 };
    await save(file, await page.screenshot({ fullPage: true, clip }));
  } finally {
    await browser.close();
    await Promise.all([throughShim.close(), pastShim.close(), shim.close()]);
    await gateway.close();
  }
}

/** Starts the daemon on a free port. */
async function startShim(command, gateway) {
  const args = [
    "run",
    "--listen",
    "127.0.0.1:0",
    "--gateway",
    gateway,
    "--drain",
    "0s",
    "--log-format",
    "json",
  ];
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: { HOME: folder, PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "close");
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const lines = createInterface({ input: child.stdout });
  let port;
  for await (const line of lines) {
    const { event, addresses } = JSON.parse(line);
    if (event !== "listening") continue;
    port = Number(addresses[0].slice(addresses[0].lastIndexOf(":") + 1));
    break;
  }
  clearTimeout(deadline);
  if (port === undefined) throw new Error("openclaw-shim run ended before it was listening");
  child.stdout.resume();
  return {
    port,
    close: async () => {
      child.kill("SIGTERM");
      await exit;
    },
  };
}

/** Draws one scenario of the demo: the same client without and with the shim. */
async function pictureTerminal(command, file) {
  const { stdout } = await promisify(execFile)(process.execPath, [command, "demo"], {
    cwd: folder,
    timeout: DEADLINE_MS,
  });
  const lines = stdout.split("\n");
  const start = lines.indexOf(SECTION);
  const end = lines.findIndex((line, i) => i > start && /^\S/.test(line));
  const [before, after, ...more] = lines
    .slice(start + 1, end)
    .join("\n")
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.split("\n").filter((line) => line.trim() !== ""))
    .filter(([title = ""]) => /^ +with(?:out)? the shim:/.test(title));
  if (start === -1 || !before || !after || more.length > 0) {
    throw new Error(`the demo has no "${SECTION}" with one part without and one with the shim:\n${stdout}`);
  }
  await save(file, drawTerminals([before, after]));
}

async function save(file, content) {
  await writeFile(file, content);
  const { size } = await stat(file);
  if (size > LIMIT_BYTES) throw new Error(`${file} is ${size} bytes; at most ${LIMIT_BYTES} are allowed`);
  console.log(`${file}: ${size} bytes`);
}
