import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake } from "../support/client.ts";
import { Child } from "./child.ts";
import { runCli } from "./cli.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";
import { chosenVersions } from "./releases.ts";

const SSHD = "/usr/sbin/sshd";
const START_MS = 10_000;

// docs/recipes.md, "When you need no shim". Needs root and Debian's openssh-server.
describe.runIf(existsSync(SSHD) && process.getuid?.() === 0).each(chosenVersions())(
  "ssh -L to a gateway of openclaw %s",
  (version) => {
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await startGateway(await installOpenClaw(version));
      return () => gateway.close();
    });

    it("needs no shim: a new device is paired, and the CLI works", async () => {
      const port = await openTunnel(gateway.port);
      const url = `ws://127.0.0.1:${port}`;
      expect(await handshake({ url, token: gateway.token, device: createDevice() })).toMatchObject({
        ok: true,
      });
      const home = await createHome();
      onTestFinished(() => home.remove());
      const args = ["cron", "list", "--json", "--url", url, "--token", gateway.token];
      expect(await runCli(gateway.openclaw, home, args)).toMatchObject({ code: 0 });
    });
  },
);

/** Starts an SSH server and `ssh -L` to a port. Returns the local port. */
async function openTunnel(target: number): Promise<number> {
  const { path, env, remove } = await createHome();
  onTestFinished(remove);
  for (const name of ["host", "user"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(path, name)]);
  mkdirSync("/run/sshd", { recursive: true });
  const [server, local] = [await freePort(), await freePort()];
  const options = ["UsePAM=no", "StrictModes=no", "PidFile=none", `AuthorizedKeysFile=${path}/user.pub`];
  const run = async (command: readonly [string, ...string[]], ready: RegExp): Promise<void> => {
    const child = new Child({ name: command[0], command: [...command], env, cwd: path });
    onTestFinished(async () => void (await child.stop()));
    await child.until("a port", START_MS, () => child.lines.find((line) => ready.test(line)));
  };
  const flags = options.flatMap((option) => ["-o", option]);
  await run(
    [SSHD, "-D", "-e", "-f", "/dev/null", "-p", `${server}`, "-h", join(path, "host"), ...flags],
    /Server listening/,
  );
  const known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  const forward = ["-L", `127.0.0.1:${local}:127.0.0.1:${target}`, "-i", join(path, "user")];
  const login = ["-p", `${server}`, "-F", "none", "root@127.0.0.1"];
  await run(["ssh", "-v", "-N", ...known, ...forward, ...login], /Entering interactive session/);
  return local;
}
