import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cloudKernel, installTools } from "./debian-package.ts";

/** Until it has booted, done its work and powered off. */
const LIFE_MS = 4 * 60_000;
const LAST_LINES = 40;
const QEMU = "qemu-system-x86_64";

/**
 * Boots a MicroVM with Debian's cloud kernel under software emulation, and waits until it has powered itself off.
 *
 * @param devices what it boots from: further arguments for QEMU
 * @param append further parameters for the kernel
 * @returns what came out on its console, the serial port
 * @throws Error with the last of it, where it does not power off in time
 */
export async function lifeOf(devices: readonly string[], append = ""): Promise<readonly string[]> {
  await installTools({ [`/usr/bin/${QEMU}`]: "qemu-system-x86" });
  const hardware = ["-M", "pc,accel=tcg", "-m", "768", "-nographic", "-no-reboot", "-nic", "none"];
  // A panic ends it too.
  const parameters = `console=ttyS0 quiet loglevel=3 panic=-1 ${append}`;
  const args = [...hardware, "-kernel", await cloudKernel(), "-append", parameters, ...devices];
  const qemu = spawn(QEMU, args, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [qemu.stdout, qemu.stderr]) {
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  }
  const closed = once(qemu, "close");
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    qemu.kill("SIGKILL");
  }, LIFE_MS);
  const [code] = (await closed) as [number | null];
  clearTimeout(deadline);
  if (code === 0 && !late) return lines;
  const why = late ? `did not power off within ${LIFE_MS / 1000} s` : `ended with ${code}`;
  throw new Error(`the MicroVM ${why}; its console:\n${lines.slice(-LAST_LINES).join("\n")}`);
}

/** The JSON objects on a console, where journald writes its time and the sender's name before each. */
export function recordsOn(console: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  return console.flatMap((line) => {
    const text = /\{".*\}/.exec(line)?.[0];
    try {
      return text === undefined ? [] : [JSON.parse(text) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
