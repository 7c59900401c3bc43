import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

/** Returns NODE_OPTIONS that make Node.js claim to be another version. */
function claiming(version: string): string {
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  const code = `Object.defineProperty(process, "versions", { value: ${versions} })`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

// scripts/smoke-nodes.mjs runs it on Node.js 12, 16 and 18.
describe("on a Node.js that is too old", () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    engines: { node: string };
  };
  const oldest = engines.node.replace(">=", "");

  it.each(["12.22.9", "18.20.8", "20.18.3"])("%s: prints one line, and exits with 2", async (version) => {
    const shim = start(command, ["run"], { NODE_OPTIONS: claiming(version) });
    expect(await shim.exit).toBe(2);
    expect(shim.stdout).toEqual([]);
    expect(shim.stderr).toEqual([
      `openclaw-shim: needs Node.js ${oldest} or later; ${process.execPath} is ${version}: ` +
        "install a newer one from https://nodejs.org, or run this file with it",
    ]);
  });

  it.each([`${oldest}.0`, "22.0.0"])("%s: runs", async (version) => {
    const shim = start(command, ["--version"], { NODE_OPTIONS: claiming(version) });
    expect(await shim.exit).toBe(0);
  });

  it("the source map counts the launcher's lines", () => {
    const text = readFileSync(command.path, "utf8");
    const map = new SourceMap(JSON.parse(readFileSync(`${command.path}.map`, "utf8")) as SourceMapPayload);
    const lines = text.split("\n");
    const line = lines.findIndex((one) => one.includes('"hangup.ignored"'));
    const entry = map.findEntry(line, lines[line]?.indexOf('"hangup.ignored"') ?? 0);
    const source = readFileSync(join(import.meta.dirname, "../../src/main.ts"), "utf8").split("\n");
    expect("originalLine" in entry && source[entry.originalLine]).toContain('"hangup.ignored"');
  });

  it("its syntax is read by Node.js 12, except in a comment", async () => {
    const launcher = readFileSync(command.path, "utf8").replace(/(?<=\/\*)\n\v.*(?=\*\/)/s, "");
    expect(launcher.length).toBeLessThan(3_500);
    // Node.js 12 reads import(), too, though it cannot always do it.
    const options = { target: "node12.17", supported: { "dynamic-import": true } };
    const { code } = await transform(launcher, options);
    expect(code).toBe((await transform(launcher, { target: "esnext" })).code);
  });
});
