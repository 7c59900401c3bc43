import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary home folder: processes started in it do not see the home of the current user. */
export interface Home {
  readonly path: string;
  /** The environment of processes in this home. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Creates an empty home in the system's temporary folder. */
export async function createHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), "openclaw-test-"));
  await mkdir(join(path, "tmp"));
  return {
    path,
    env: {
      PATH: process.env["PATH"],
      HOME: path,
      TMPDIR: join(path, "tmp"),
      // OpenClaw's variables to disable respawn, chat services, updates and multicast.
      OPENCLAW_NO_RESPAWN: "1",
      OPENCLAW_SKIP_CHANNELS: "1",
      OPENCLAW_NO_AUTO_UPDATE: "1",
      OPENCLAW_DISABLE_BONJOUR: "1",
      // 2026.4.5 starts npx to download an agent, which continues after the gateway has ended.
      npm_config_offline: "true",
    },
    // Child processes of a killed process may still write for a moment.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
