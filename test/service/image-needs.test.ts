import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "../commands/bundle.ts";
import { makeImage, put } from "./image.ts";

const NO_TOKEN = "openclaw-shim: note: --approve seen needs the gateway's token; add --token-file FILE";
let command: Bundle;
let image: string;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());
beforeEach(() => {
  image = makeImage(command.folder);
});

/** Returns the stderr of `install --root`, which is expected to succeed. */
async function notes(...args: readonly string[]): Promise<readonly string[]> {
  const running = start(command, ["install", "--root", image, ...args]);
  expect(await running.exit).toBe(0);
  return running.stderr;
}

describe("install --root lists what the image still needs", () => {
  it("nothing, if it is complete", async () => {
    put(image, "etc/token", 0o600, "t");
    expect(await notes("--approve", "seen", "--token-file", "/etc/token")).toEqual([]);
    expect(await notes("--hold", "20s")).toEqual([]);
  });

  it("Node, if --node names a file that does not exist", async () => {
    expect(await notes("--node", "/opt/node/bin/node")).toEqual([
      `openclaw-shim: note: ${image} has no /opt/node/bin/node; install Node there before it boots`,
    ]);
  });

  it.each([undefined, 0o644])("the token's file, if its mode is %o", async (mode) => {
    if (mode !== undefined) put(image, "etc/token", mode, "t");
    expect(await notes("--token-file", "/etc/token")).toEqual([
      "openclaw-shim: note: /etc/token must be in the image, with mode 0600, before it boots",
    ]);
  });

  it("a token, if --approve seen has none, in a dry run too", async () => {
    expect(await notes("--approve", "seen", "--dry-run")).toEqual([NO_TOKEN]);
    expect(await notes("--approve", "seen")).toEqual([NO_TOKEN]);
    // Earlier settings count too.
    expect(await notes()).toEqual([NO_TOKEN]);
  });

  it("no token, if a drop-in of the user provides one", async () => {
    put(
      image,
      "etc/systemd/system/openclaw-shim.service.d/mine.conf",
      0o644,
      "[Service]\nLoadCredential=openclaw-gateway-token:/x\n",
    );
    expect(await notes("--approve", "seen")).toEqual([]);
  });
});

describe("install on this machine", () => {
  it("warns if a version manager may remove the service's Node", async () => {
    const node = join(image, "home/.nvm/versions/node/v22.1.0/bin/node");
    put(image, "home/.nvm/versions/node/v22.1.0/bin/node", 0o755, "#!/bin/sh\necho v22.1.0\n");
    const running = start(command, ["install", "--dry-run", "--node", node]);
    expect(await running.exit).toBe(0);
    expect(running.stderr).toContain(
      `openclaw-shim: warning: ${node} belongs to nvm: the service fails when nvm removes it; ` +
        "use a Node that stays, with --node PATH",
    );
  });

  it("refuses --approve seen if the service would find no token, and accepts OpenClaw's own", async () => {
    const without = start(command, ["install", "--dry-run", "--approve", "seen"]);
    expect(await without.exit).toBe(2);
    expect(without.stderr).toEqual([
      "openclaw-shim: --approve seen: needs the gateway's token, and the service would find none; add --token-file FILE",
    ]);
    const home = join(image, "home");
    mkdirSync(join(home, ".openclaw"), { recursive: true });
    writeFileSync(join(home, ".openclaw/openclaw.json"), '{gateway: {auth: {token: "sekrit"}}}');
    const own = start(command, ["install", "--dry-run", "--approve", "seen"], { HOME: home });
    expect(await own.exit).toBe(0);
    expect([...own.stdout, ...own.stderr].join("\n")).not.toContain("sekrit");
  });
});
