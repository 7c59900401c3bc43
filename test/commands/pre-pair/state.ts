import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { isRecord } from "../../../src/text/json.ts";
import { prePair } from "../../../src/commands/pre-pair/pre-pair.ts";
import type { PrePairOptions, PrePairReport } from "../../../src/commands/pre-pair/pre-pair.ts";
import { startRawServer } from "../../support/raw.ts";

export const SCOPES = ["operator.admin", "operator.read"];

/** Creates a folder for a state directory `openclaw`; it is removed after the test. */
export function makeHome(): { readonly home: string; readonly stateDir: string } {
  const home = mkdtempSync(join(tmpdir(), "shim-pre-pair-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return { home, stateDir: join(home, "openclaw") };
}

/** Runs pre-pair for an operator; without `overrides` it finds no gateway. */
export async function run(stateDir: string, overrides: Partial<PrePairOptions> = {}): Promise<PrePairReport> {
  return prePair({
    stateDir,
    roles: ["operator"],
    scopes: SCOPES,
    dryRun: false,
    configPath: join(stateDir, "openclaw.json"),
    temporaryFolders: [],
    gateway: { host: "127.0.0.1", port: await deadPort() },
    ...overrides,
  });
}

/** Returns a port of 127.0.0.1 without a listener. */
async function deadPort(): Promise<number> {
  const server = await startRawServer();
  await server.close();
  return server.port;
}

/** Writes a file into a state directory: a text as it is, any other value as JSON. */
export function put(stateDir: string, name: string, content: unknown): string {
  const path = join(stateDir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

/** Returns the JSON object in a file. */
export function read(stateDir: string, name: string): Fields {
  return parse(readFileSync(join(stateDir, name), "utf8"));
}

export type Fields = Readonly<Record<string, unknown>>;

/** Returns the JSON object in a text. @throws TypeError for any other JSON */
export function parse(text: string): Fields {
  return fields(JSON.parse(text));
}

/** Returns the value as an object. @throws TypeError for any other value */
export function fields(value: unknown): Fields {
  if (!isRecord(value)) throw new TypeError(`not an object: ${JSON.stringify(value)}`);
  return value;
}

/** Returns every path under a folder with its kind, mode, inode, change time and content. */
export function snapshot(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    paths.map((path) => {
      const { ino, mode, ctimeNs } = lstatSync(join(folder, path), { bigint: true });
      const isFile = lstatSync(join(folder, path)).isFile();
      const content = isFile ? readFileSync(join(folder, path), "base64") : "";
      return [path, [ino, mode.toString(8), isFile ? ctimeNs : "", content].join(" ")];
    }),
  );
}

/** Returns the permission bits. */
export function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

/** Runs a shell command with a path as `$1`. @throws if it fails */
export function shell(command: string, path: string): void {
  execFileSync("sh", ["-c", command, "sh", path], { stdio: "ignore" });
}
