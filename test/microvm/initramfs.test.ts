import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busybox, installTools } from "./debian-package.ts";
import { itPairs } from "./console-tests.ts";
import { build, CLIENTS_PROGRAM, ingredients, type Ingredients } from "./image.ts";
import { lifeOf, recordsOn } from "./machine.ts";

const run = promisify(execFile);
const MEGABYTE = 1e6;
/** All of it but the shared libraries. */
const CONTENTS =
  `bin bin/busybox bin/sh dev etc etc/group etc/inittab etc/passwd init opt opt/openclaw-shim.mjs proc
  sbin sbin/boot sbin/supervise sys tmp usr usr/bin usr/bin/node`.split(/\s+/);

let given: Ingredients;
let image: string;
let records: ReturnType<typeof recordsOn>;

beforeAll(async () => {
  await installTools({ "/usr/bin/cpio": "cpio" });
  given = await ingredients();
  image = join(given.folder, "image.cpio.gz");
  await build("initramfs", [given.bundle, given.node, await busybox(), image]);
  records = recordsOn(await lifeOf(["-initrd", await withTest(image)]));
});
afterAll(() => given?.remove());

/** The image as it is, and what the test adds: the kernel unpacks one archive after the other. */
async function withTest(path: string): Promise<string> {
  const root = join(given.folder, "added");
  const program = join(root, CLIENTS_PROGRAM);
  await mkdir(dirname(program), { recursive: true });
  await copyFile(given.clients, program);
  const { stdout: inittab } = await run("sh", [
    "-c",
    `gzip -dc ${path} | cpio -i --quiet --to-stdout etc/inittab`,
  ]);
  await mkdir(join(root, "etc"));
  const line = `::once:/bin/sh -c "/usr/bin/node ${CLIENTS_PROGRAM}; /bin/busybox poweroff"`;
  await writeFile(join(root, "etc/inittab"), `${inittab}${line}\n`);
  const added = join(given.folder, "added.cpio.gz");
  await run("sh", ["-c", `find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0 | gzip > ${added}`], {
    cwd: root,
  });
  const both = join(given.folder, "both.cpio.gz");
  await writeFile(both, Buffer.concat([await readFile(path), await readFile(added)]));
  return both;
}

describe("an initramfs of busybox, Node.js and the shim", () => {
  it("holds nothing else, in 60 MB", async () => {
    const { stdout } = await run("sh", ["-c", `gzip -dc ${image} | cpio -t --quiet`]);
    const paths = stdout.trim().split("\n");
    const libraries = /^(?:usr\/)?lib(?:64)?(?:\/|$)/;
    expect(paths.filter((path) => !libraries.test(path))).toEqual(CONTENTS);
    expect((await stat(image)).size).toBeLessThan(60 * MEGABYTE);
  });

  itPairs(() => records);
});
