import { join } from "node:path";
import { INSTALLS, installOnce, nodeBinary } from "../../scripts/install-once.mjs";
import { NEWEST, releaseOf } from "./releases.ts";
import type { Release } from "./releases.ts";

/** An installed OpenClaw release, and the Node.js to run it with. */
export interface OpenClaw {
  readonly version: string;
  readonly release: Release;
  /** The Node.js binary. */
  readonly node: string;
  /** Path of `openclaw.mjs`, the command. */
  readonly entry: string;
}

/**
 * Installs a release under `.openclaw/` (the newest: 640 MB, half a minute), unless it is installed.
 * @throws Error for a release that is not in the table, or with npm's output
 */
export async function installOpenClaw(version: string = NEWEST): Promise<OpenClaw> {
  const release = releaseOf(version);
  const folder = join(INSTALLS, version);
  const node = await nodeBinary(release.node);
  await installOnce(folder, {
    what: `openclaw ${version} (several hundred MB)`,
    manifest: {
      dependencies: { openclaw: version, ...release.extra },
      overrides: release.overrides,
    },
    args: release.npmArgs,
    node,
  });
  return { version, release, node, entry: join(folder, "node_modules", "openclaw", "openclaw.mjs") };
}
