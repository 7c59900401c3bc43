import { execFile } from "node:child_process";
import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busybox, installTools } from "./debian-package.ts";
import { testConsole } from "./console-tests.ts";
import { build, CLIENTS_PROGRAM, fileIn, prepareInputs, withFiles, type RecipeInputs } from "./image.ts";
import { runToPowerOff, recordsOn } from "./machine.ts";

const run = promisify(execFile);
const MEGABYTE = 1e6;
/** Its files and folders, except the shared libraries. */
const CONTENTS =
  `bin bin/busybox bin/sh dev etc etc/group etc/inittab etc/passwd init opt opt/openclaw-shim.mjs proc
  sbin sbin/boot sbin/supervise sys tmp usr usr/bin usr/bin/node`.split(/\s+/);

let inputs: RecipeInputs;
let image: string;
let records: ReturnType<typeof recordsOn>;

beforeAll(async () => {
  await installTools({ "/usr/bin/cpio": "cpio" });
  inputs = await prepareInputs();
  image = join(inputs.folder, "image.cpio.gz");
  await build("initramfs", [inputs.bundle, inputs.node, await busybox(), image]);
  records = recordsOn(await runToPowerOff(["-initrd", await withTestProgram(image)]));
});
afterAll(() => inputs?.remove());

/** Appends the test's program to the image. */
async function withTestProgram(path: string): Promise<string> {
  const root = join(inputs.folder, "added");
  const program = join(root, CLIENTS_PROGRAM);
  await mkdir(dirname(program), { recursive: true });
  await copyFile(inputs.clients, program);
  await mkdir(join(root, "etc"));
  const line = `::once:/bin/sh -c "/usr/bin/node ${CLIENTS_PROGRAM}; /bin/busybox poweroff"`;
  await writeFile(join(root, "etc/inittab"), `${await fileIn(path, "etc/inittab")}${line}\n`);
  return withFiles(path, root);
}

describe("an initramfs of busybox, Node.js and the shim", () => {
  it("has no other files, in less than 60 MB", async () => {
    const { stdout } = await run("sh", ["-c", `gzip -dc ${image} | cpio -t --quiet`]);
    const paths = stdout.trim().split("\n");
    const libraries = /^(?:usr\/)?lib(?:64)?(?:\/|$)/;
    expect(paths.filter((path) => !libraries.test(path))).toEqual(CONTENTS);
    expect((await stat(image)).size).toBeLessThan(60 * MEGABYTE);
  });

  testConsole(() => records);
});
