import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Child } from "../gateway/child.ts";
import { createHome } from "../gateway/home.ts";
import { freePort } from "../gateway/ports.ts";

const SSHD = "/usr/sbin/sshd";
const START_MS = 10_000;

/** Starts an SSH server and `ssh -L` to a port of 127.0.0.1, until the test has finished. Returns the local port. */
export async function openTunnel(target: number): Promise<number> {
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
