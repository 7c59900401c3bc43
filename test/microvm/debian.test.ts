import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { copyRootfs } from "../service/booted/rootfs.ts";
import { testConsole } from "./console-tests.ts";
import { build, CLIENTS_PROGRAM, prepareInputs, type RecipeInputs } from "./image.ts";
import { runToPowerOff, recordsOn } from "./machine.ts";

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

let inputs: RecipeInputs;
let records: ReturnType<typeof recordsOn>;

beforeAll(async () => {
  inputs = await prepareInputs();
  const root = await copyRootfs(inputs.folder);
  await mkdir(join(root, dirname(CLIENTS_PROGRAM)), { recursive: true });
  await copyFile(inputs.clients, join(root, CLIENTS_PROGRAM));
  await writeFile(join(root, "etc/systemd/system", UNIT), UNIT_TEXT);
  await run("systemctl", ["--root", root, "enable", UNIT]);
  const image = join(inputs.folder, "image.ext4");
  await build("debian", [inputs.bundle, inputs.node, image, root]);
  // Debian's cloud kernel supports only this disk without modules. There is no udev, so serial-getty would wait forever.
  const disk = [
    "-drive",
    `file=${image},format=raw,if=none,id=root`,
    "-device",
    "nvme,drive=root,serial=root",
  ];
  records = recordsOn(
    await runToPowerOff(disk, "root=/dev/nvme0n1 rw systemd.mask=serial-getty@ttyS0.service"),
  );
});
afterAll(() => inputs?.remove());

describe("a Debian image with units enabled during the build", () => {
  testConsole(() => records);
});
