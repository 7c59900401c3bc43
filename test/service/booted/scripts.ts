import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleCommand } from "../../../scripts/bundle.mjs";

/** In the machine: the downloaded bundle, which `install` copies. */
export const DOWNLOADED = "/opt/download/openclaw-shim.mjs";
/** In the machine: the fake gateway. */
export const GATEWAY = "/opt/test/gateway.mjs";
/** In the machine: OpenClaw's clients. */
export const CLIENT = "/opt/test/client.mjs";
/** In the machine: tries what the sandbox must prevent. */
export const PROBE = "/opt/test/probe.mjs";

/** The version in the bundle. */
export const VERSION = "1.2.3";
/** The gateway's token in these tests. */
export const TOKEN = "token-of-the-booted-machine";

const GATEWAY_UNIT = `[Unit]
Description=Fake OpenClaw gateway
[Service]
ExecStart=/usr/bin/node ${GATEWAY}
Environment=TOKEN=${TOKEN}
[Install]
WantedBy=multi-user.target
`;

/** Copies the bundle and the test's programs into a machine, and a gateway that starts at boot. */
export async function placeScripts(root: string): Promise<void> {
  mkdirSync(join(root, "opt/download"), { recursive: true });
  const inside = join(import.meta.dirname, "inside");
  await Promise.all([
    bundleCommand(join(root, DOWNLOADED), VERSION),
    build({
      entryPoints: ["gateway.ts", "client.ts", "probe.ts"].map((name) => join(inside, name)),
      outdir: join(root, "opt/test"),
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      target: "node20.19",
      format: "esm",
      banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
    }),
  ]);
  writeFileSync(join(root, "etc/systemd/system/openclaw-gateway.service"), GATEWAY_UNIT);
}
