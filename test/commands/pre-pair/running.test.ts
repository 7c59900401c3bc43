import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startRawServer } from "../../support/raw.ts";
import { makeHome, put, run, snapshot } from "./state.ts";

const LOCK = "openclaw-0/gateway.0a1b2c3d.lock";
const REFUSAL = { name: "PrePairError" };
const DONE = { changed: true, result: { paired: "created" } };

/** Field 22 of proc_pid_stat(5), as OpenClaw writes it into its lock. */
function startTime(pid: number): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  return Number(fields.split(" ")[19]);
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["--version"]);
  await once(child, "exit");
  return child.pid ?? 0;
}

/** Runs pre-pair with a gateway's lock in the folder for temporary files. @returns the report or the error */
async function withLock(
  lock: (stateDir: string) => unknown,
  from = "tmp",
): Promise<{ readonly result: unknown; readonly changed: boolean }> {
  const { home, stateDir } = makeHome();
  const folder = join(home, from);
  put(stateDir, "openclaw.json", {});
  put(folder, LOCK, lock(stateDir));
  const before = snapshot(home);
  const result: unknown = await run(stateDir, { temporaryFolders: [join(home, "tmp")] }).catch(
    (error: unknown) => error,
  );
  return { result, changed: JSON.stringify(snapshot(home)) !== JSON.stringify(before) };
}

const lockOf = (stateDir: string, pid = process.pid, started = startTime(pid)): object => ({
  pid,
  createdAt: new Date().toISOString(),
  configPath: join(stateDir, "openclaw.json"),
  startTime: started,
});

describe("a gateway that uses the state directory", () => {
  it("is found by its lock, and nothing is written", async () => {
    const { result, changed } = await withLock((stateDir) => lockOf(stateDir));

    expect(changed).toBe(false);
    expect(String(result)).toMatch(
      new RegExp(`the gateway with pid ${process.pid} uses .*${LOCK}.*stop it first`),
    );
  });

  it("is found in the state directory's own tmp, where 2026.9 keeps its lock", async () => {
    const lock = { ...lockOf("/elsewhere"), port: 18_789 };

    expect(await withLock(() => lock, "openclaw/tmp")).toMatchObject({ changed: false, result: REFUSAL });
  });

  it("is found when its lock has no start time", async () => {
    const seen = await withLock((stateDir) => ({ ...lockOf(stateDir), startTime: undefined }));

    expect(seen).toMatchObject({ changed: false, result: REFUSAL });
  });

  it("is found when it knows the directory by another name", async () => {
    const { home, stateDir } = makeHome();
    put(stateDir, "openclaw.json", {});
    symlinkSync(stateDir, join(home, "link"));
    put(join(home, "tmp"), LOCK, lockOf(join(home, "link")));

    await expect(run(stateDir, { temporaryFolders: [join(home, "tmp")] })).rejects.toThrow(
      /the gateway with pid/,
    );
  });

  it("is found by its port when it has no lock", async () => {
    const { home, stateDir } = makeHome();
    const server = await startRawServer();
    onTestFinished(() => server.close());
    const { port } = server;

    await expect(run(stateDir, { gateway: { host: "127.0.0.1", port } })).rejects.toThrow(
      `a program listens on 127.0.0.1 port ${port}, where the gateway of`,
    );
    expect(snapshot(home)).toEqual({});
  });
});

describe("no gateway uses the state directory", () => {
  it("when the lock's owner is dead", async () => {
    const pid = await deadPid();

    expect(await withLock((stateDir) => lockOf(stateDir, pid, 1))).toMatchObject(DONE);
  });

  it("when another process has its pid now", async () => {
    const { pid } = process;

    expect(await withLock((stateDir) => lockOf(stateDir, pid, startTime(pid) + 1))).toMatchObject(DONE);
  });

  it("when the lock is one of another state directory", async () => {
    expect(await withLock((stateDir) => lockOf(join(stateDir, "..", "another")))).toMatchObject(DONE);
  });

  it.each(["", "{}", '{"pid": -1, "configPath": "/"}'])("when the lock holds %j", async (text) => {
    expect(await withLock(() => text)).toMatchObject(DONE);
  });
});
