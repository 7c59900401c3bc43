import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A user's home folder of its own: what is started in it sees nothing of the machine's user. */
export interface Home {
  readonly path: string;
  /** The environment of a process that lives there. */
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Makes an empty home in the system's temporary folder. */
export async function createHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), "openclaw-test-"));
  await mkdir(join(path, "tmp"));
  return {
    path,
    env: {
      PATH: process.env["PATH"],
      HOME: path,
      TMPDIR: join(path, "tmp"),
      // No second process behind the first, no chat services, no updates, no multicast: OpenClaw's own switches.
      OPENCLAW_NO_RESPAWN: "1",
      OPENCLAW_SKIP_CHANNELS: "1",
      OPENCLAW_NO_AUTO_UPDATE: "1",
      OPENCLAW_DISABLE_BONJOUR: "1",
      // 2026.4.5 has npx fetch an agent at its start, which goes on when the gateway is gone.
      npm_config_offline: "true",
    },
    // A process that was killed may have helpers that write for a moment longer.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
