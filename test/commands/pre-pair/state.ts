import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { isRecord } from "../../../src/text/json.ts";
import { prepair } from "../../../src/commands/pre-pair/prepair.ts";
import type { PrepairOptions, PrepairReport } from "../../../src/commands/pre-pair/prepair.ts";
import { startRawServer } from "../../support/raw.ts";

export const SCOPES = ["operator.admin", "operator.read"];

/** A folder in which a state directory `openclaw` may be made; removed with the test. */
export function makeHome(): { readonly home: string; readonly stateDir: string } {
  const home = mkdtempSync(join(tmpdir(), "shim-prepair-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return { home, stateDir: join(home, "openclaw") };
}

/** Runs prepair for an operator, where no gateway is to be found unless `overrides` say so. */
export async function run(stateDir: string, overrides: Partial<PrepairOptions> = {}): Promise<PrepairReport> {
  return prepair({
    stateDir,
    roles: ["operator"],
    scopes: SCOPES,
    dryRun: false,
    configPaths: [join(stateDir, "openclaw.json")],
    temporaryFolders: [],
    gateway: { host: "127.0.0.1", port: await deadPort() },
    ...overrides,
  });
}

/** A port of 127.0.0.1 that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = await startRawServer();
  await server.close();
  return server.port;
}

/** Puts a file into a state directory; what is no text is written as JSON. */
export function put(stateDir: string, name: string, content: unknown): string {
  const path = join(stateDir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

/** The JSON object in a file. */
export function read(stateDir: string, name: string): Fields {
  return parse(readFileSync(join(stateDir, name), "utf8"));
}

export type Fields = Readonly<Record<string, unknown>>;

/** The JSON object in a text. @throws TypeError when it is none */
export function parse(text: string): Fields {
  return fields(JSON.parse(text));
}

/** A value as the object that it is. @throws TypeError when it is none */
export function fields(value: unknown): Fields {
  if (!isRecord(value)) throw new TypeError(`not an object: ${JSON.stringify(value)}`);
  return value;
}

/** Every path under a folder with all that a change would change: kind, mode, inode, change time, content. */
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

/** Permission bits. */
export function modeOf(path: string): string {
  return (lstatSync(path).mode & 0o777).toString(8);
}

/** Runs a shell command on a path, which it knows as `$1`. @throws when it fails */
export function shell(command: string, path: string): void {
  execFileSync("sh", ["-c", command, "sh", path], { stdio: "ignore" });
}
