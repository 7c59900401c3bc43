import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { busybox, installTools } from "./debian-package.ts";
import { build, fileIn, prepareInputs, withFiles, type RecipeInputs } from "./image.ts";
import { recordsOn, runToPowerOff } from "./machine.ts";

/** Boots of each image, after each other in turn. BOOTS=5 UPDATE=1 writes the medians into bench/README.md. */
const BOOTS = Number(process.env["BOOTS"] ?? 1);
const BENCH = join(import.meta.dirname, "../../bench/README.md");

// CommonJS: on Node.js 22 an import of node:http loads a WebSocket client, too.
const BARE = `require("http").createServer((request, response) => response.end()).listen(18788, "127.0.0.1");
`;
// nc runs the program once it is connected. The program has the connection as its stdout.
const CONNECT = `#!/bin/sh
until /bin/busybox nc 127.0.0.1 18788 -e /sbin/accepted 2>/dev/null; do /bin/busybox usleep 5000; done
`;
const ACCEPTED = `#!/bin/sh
read -r uptime rest </proc/uptime
echo "{\\"event\\":\\"accepted\\",\\"seconds\\":$uptime}" >/dev/console
/bin/busybox poweroff -f
`;

let inputs: RecipeInputs;
let images: { readonly shim: string; readonly bare: string };

beforeAll(async () => {
  await installTools({ "/usr/bin/cpio": "cpio" });
  inputs = await prepareInputs();
  const image = join(inputs.folder, "image.cpio.gz");
  await build("initramfs", [inputs.bundle, inputs.node, await busybox(), image]);
  const inittab = `${await fileIn(image, "etc/inittab")}::once:/sbin/connect\n`;
  const server = "/bin/busybox su -s /bin/sh nobody -c 'exec /usr/bin/node /opt/bare.cjs'";
  images = {
    shim: await measured(image, "shim", inittab),
    bare: await measured(image, "bare", inittab.replace("/sbin/supervise", server)),
  };
});
afterAll(() => inputs?.remove());

/** Returns an image that powers off at the first accepted connection. */
async function measured(image: string, name: string, inittab: string): Promise<string> {
  const root = join(inputs.folder, name);
  for (const folder of ["etc", "opt", "sbin"]) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "etc/inittab"), inittab);
  await writeFile(join(root, "opt/bare.cjs"), BARE);
  await writeFile(join(root, "sbin/connect"), CONNECT, { mode: 0o755 });
  await writeFile(join(root, "sbin/accepted"), ACCEPTED, { mode: 0o755 });
  return withFiles(image, root);
}

/** Returns the seconds from the kernel's start to the first accepted connection. */
async function boot(image: string): Promise<number> {
  // The clock of the machine counts instructions, 1 ns each: the load of this machine does not matter.
  const clock = ["-icount", "shift=0,sleep=off"];
  const records = recordsOn(await runToPowerOff(["-initrd", image, ...clock]));
  const { seconds } = records.find(({ event }) => event === "accepted") ?? {};
  return Number(seconds);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

it("a MicroVM with the shim accepts its first connection soon after one with a bare server", async () => {
  const times: Record<keyof typeof images, number[]> = { shim: [], bare: [] };
  for (let round = 0; round < BOOTS; round += 1) {
    times.bare.push(await boot(images.bare));
    times.shim.push(await boot(images.shim));
  }
  const [shim, bare] = [median(times.shim), median(times.bare)];
  console.log(`boot to first accepted connection: ${JSON.stringify(times)}`);
  expect(bare).toBeGreaterThan(0);
  // Without KVM and on a busy machine, single boots vary by a third.
  expect(shim).toBeLessThan(1.5 * bare);
  if (process.env["UPDATE"] !== "1") return;
  const ratios = median(times.shim.map((one, round) => one / (times.bare[round] ?? Number.NaN)));
  const row = `| ${shim.toFixed(2)} | ${bare.toFixed(2)} | ${ratios.toFixed(2)} |`;
  const text = await readFile(BENCH, "utf8");
  const table = `| the shim (s) | \`http.createServer\` (s) | ratio |\n|---:|---:|---:|\n${row}`;
  await writeFile(BENCH, text.replace(/(?<=<!-- boot: begin -->\n\n).*?(?=\n\n<!-- boot: end -->)/s, table));
}, 1_800_000);
