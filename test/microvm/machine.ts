import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cloudKernel, installTools } from "./debian-package.ts";

/** Time limit for boot, test program and power-off. */
const POWER_OFF_MS = 4 * 60_000;
const LAST_LINES = 40;
const QEMU = "qemu-system-x86_64";

/**
 * Boots a MicroVM with Debian's cloud kernel under software emulation, and waits until it powers off.
 *
 * @param devices further arguments for QEMU: the devices to boot from
 * @param append further kernel parameters
 * @returns the lines of its console, the serial port
 * @throws Error with the last lines if it does not power off in time
 */
export async function runToPowerOff(devices: readonly string[], append = ""): Promise<readonly string[]> {
  await installTools({ [`/usr/bin/${QEMU}`]: "qemu-system-x86" });
  const hardware = ["-M", "pc,accel=tcg", "-m", "768", "-nographic", "-no-reboot", "-nic", "none"];
  // panic=-1 reboots after a panic, which ends QEMU.
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
  }, POWER_OFF_MS);
  const [code] = (await closed) as [number | null];
  clearTimeout(deadline);
  if (code === 0 && !late) return lines;
  const why = late ? `did not power off within ${POWER_OFF_MS / 1000} s` : `ended with ${code}`;
  throw new Error(`the MicroVM ${why}; its console:\n${lines.slice(-LAST_LINES).join("\n")}`);
}

/** Returns the JSON objects on a console; journald prints time and sender before each. */
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
