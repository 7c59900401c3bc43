import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { copyRootfs } from "../service/booted/rootfs.ts";
import { itPairs } from "./console-tests.ts";
import { build, CLIENTS_PROGRAM, ingredients, type Ingredients } from "./image.ts";
import { lifeOf, recordsOn } from "./machine.ts";

const run = promisify(execFile);
const UNIT = "clients.service";
const UNIT_TEXT = `[Unit]
SuccessAction=poweroff
FailureAction=poweroff
[Service]
ExecStart=/usr/bin/node ${CLIENTS_PROGRAM}
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=multi-user.target
`;

let given: Ingredients;
let records: ReturnType<typeof recordsOn>;

beforeAll(async () => {
  given = await ingredients();
  const root = await copyRootfs(given.folder);
  await mkdir(join(root, dirname(CLIENTS_PROGRAM)), { recursive: true });
  await copyFile(given.clients, join(root, CLIENTS_PROGRAM));
  await writeFile(join(root, "etc/systemd/system", UNIT), UNIT_TEXT);
  await run("systemctl", ["--root", root, "enable", UNIT]);
  const image = join(given.folder, "image.ext4");
  await build("debian", [given.bundle, given.node, image, root]);
  // The one kind of disk that Debian's cloud kernel knows without modules. There is no udev to wait for a terminal.
  const disk = [
    "-drive",
    `file=${image},format=raw,if=none,id=root`,
    "-device",
    "nvme,drive=root,serial=root",
  ];
  records = recordsOn(await lifeOf(disk, "root=/dev/nvme0n1 rw systemd.mask=serial-getty@ttyS0.service"));
});
afterAll(() => given?.remove());

describe("a Debian with the units enabled while it did not run", () => {
  itPairs(() => records);
});
