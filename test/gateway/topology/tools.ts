import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Device } from "../../../src/openclaw/device.ts";
import type { HandshakeOptions, HandshakeResult } from "../../support/client.ts";
import type { InjectingProxyOptions } from "../../support/header-injecting-proxy.ts";
import { Child } from "../child.ts";
import type { Namespace } from "./network.ts";

/** The options of a handshake that JSON can represent. */
type ConnectOptions = Omit<HandshakeOptions, "device" | "amend" | "keepOpen">;

/** The task of one tool process. */
export type Task =
  /** `deviceKey` is the PEM of its device's private key; by default each handshake has a new device. */
  | { readonly connect: ConnectOptions; readonly deviceKey: string | undefined }
  | { readonly get: string; readonly headers: Readonly<Record<string, string>> };

/** An HTTP response, or the reason for its absence. */
export type Page = { readonly status: number; readonly body: string } | { readonly failure: string };

/** Runs test programs inside namespaces. */
export interface Tools {
  /** Does a handshake from that namespace, by default with a new device. */
  connect(from: Namespace, options: ConnectOptions, device?: Device): Promise<HandshakeResult>;
  /** Sends a GET from that namespace, over `http://`. */
  get(from: Namespace, url: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  /** Starts a header-injecting proxy until `remove()`. Returns its `ws://` URL. */
  injectingProxy(at: Namespace, options: InjectingProxyOptions): Promise<string>;
  remove(): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** Bundles the programs into a temporary folder. */
export async function makeTools(): Promise<Tools> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-tools-"));
  const inside = join(import.meta.dirname, "inside");
  await build({
    entryPoints: [join(inside, "tool.ts"), join(inside, "injecting-proxy.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    // ws is CommonJS.
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
  });
  const proxies: Child[] = [];

  const start = (namespace: Namespace, script: string, env: Readonly<Record<string, string>>): Child =>
    new Child({
      name: `${script} in ${namespace.name}`,
      command: [process.execPath, join(folder, script)],
      env: { PATH: process.env["PATH"], ...env },
      cwd: folder,
      namespace: namespace.name,
    });
  // The task is not an argument, because it contains a token or a key.
  const perform = async <T>(namespace: Namespace, task: Task): Promise<T> => {
    const child = start(namespace, "tool.mjs", { TASK: JSON.stringify(task) });
    try {
      return JSON.parse(await child.until("result", DEADLINE_MS, () => child.lines[0])) as T;
    } finally {
      await child.stop();
    }
  };
  return {
    connect: (from, options, device) => {
      const deviceKey = device?.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      return perform<HandshakeResult>(from, { connect: options, deviceKey });
    },
    get: (from, url, headers = {}) => perform<Page>(from, { get: url, headers }),
    async injectingProxy(at, options) {
      const child = start(at, "injecting-proxy.mjs", { INJECTING_PROXY: JSON.stringify(options) });
      proxies.push(child);
      return child.until("URL", DEADLINE_MS, () => child.lines[0]);
    },
    async remove() {
      for (const proxy of proxies) await proxy.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
