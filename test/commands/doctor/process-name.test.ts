import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { findListeningProcess } from "../../../src/commands/doctor/listening-process.ts";

/** Has the title of OpenClaw's gateway, and listens; its command line holds a secret. */
const PROGRAM = `
process.title = "openclaw-gateway";
const server = require("node:net").createServer().listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

describe.runIf(process.platform === "linux")("the process at a port", () => {
  it("is named by its whole title, of which the kernel has 15 bytes, and nothing else of its command line", async () => {
    const child = spawn(process.execPath, ["-e", PROGRAM, "--", "--token=s3kr3t"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const [line] = (await once(child.stdout, "data")) as [Buffer];

    const found = findListeningProcess(Number(line.toString()));

    expect(found).toEqual({
      pid: child.pid,
      program: expect.stringMatching(/^node/) as string,
      shown: expect.stringMatching(`^openclaw-gateway, node.* \\(pid ${child.pid}\\)$`) as string,
    });
  });
});
