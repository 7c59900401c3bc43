import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";

describe("a process that opened and closed a shim", () => {
  const folder = mkdtempSync(join(tmpdir(), "shim-exit-"));
  const file = join(folder, "traffic.mjs");

  beforeAll(() => bundleProgram(join(import.meta.dirname, "traffic.ts"), file, "0.0.0-test"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("exits without process.exit(), after all traffic and with an empty stderr", async () => {
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"], timeout: 10_000 });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const [code, signal] = await once(child, "close");
    expect({ code, signal, err }).toEqual({ code: 0, signal: null, err: "" });
    expect(JSON.parse(out)).toEqual({
      outcomes: ["connected", "connected", "gateway-refused", "abandoned", "denied"],
      closedInTime: true,
    });
  });
});
