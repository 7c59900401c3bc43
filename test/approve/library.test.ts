import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventEmitter, once } from "node:events";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { SettingsError, startShim, type ShimOptions } from "../../src/index.ts";

function tokenFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "shim-library-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "token");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** The first line of the approver's, of a shim in this process. */
async function firstApproverLine(options: ShimOptions): Promise<unknown> {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: "right" });
  onTestFinished(() => gateway.close());
  const lines = new EventEmitter<{ approver: [string] }>();
  const write = (line: string): void => {
    if (/"event":"approver\.(?:up|down)"/.test(line)) lines.emit("approver", line);
  };
  const heard = once(lines, "approver", { signal: AbortSignal.timeout(5_000) });
  const logger = pino({ base: null }, { write });
  const shim = await startShim({ listen: "127.0.0.1:0", gateway: gateway.url, logger, ...options });
  onTestFinished(() => shim.close());
  const [line] = (await heard) as [string];
  return JSON.parse(line);
}

describe('startShim({ approve: "seen" })', () => {
  it("shows the gateway the token of its tokenFile", async () => {
    const line = await firstApproverLine({ approve: "seen", tokenFile: tokenFile("right\n") });
    expect(line).toMatchObject({ event: "approver.up" });
  });

  it("has none without, whatever the environment says", async () => {
    process.env["OPENCLAW_GATEWAY_TOKEN"] = "right";
    onTestFinished(() => void delete process.env["OPENCLAW_GATEWAY_TOKEN"]);
    expect(await firstApproverLine({ approve: "seen" })).toMatchObject({
      event: "approver.down",
      fix: expect.stringContaining("--token-file"),
    });
  });

  it("does not start with a tokenFile that cannot be used", async () => {
    const starting = startShim({ listen: "127.0.0.1:0", approve: "seen", tokenFile: tokenFile(" \n") });
    await expect(starting).rejects.toThrow(SettingsError);
    await expect(starting).rejects.toThrow(/^tokenFile: token file \S+ is empty/);
  });
});
