import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { RELEASE, released, ROOT } from "./release.ts";

const run = promisify(execFile);

interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string; readonly component: { readonly name: string } };
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

it("SHA256SUMS has every other file, with its checksum", async () => {
  await run("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: RELEASE });
  const sums = await readFile(join(RELEASE, "SHA256SUMS"), "utf8");
  const listed = [...sums.matchAll(/^\w{64} {2}(.*)$/gm)].map(([, name]) => name);
  expect(new Set(["SHA256SUMS", ...listed])).toEqual(new Set(await readdir(RELEASE)));
});

it("the file is the one of the npm package, and its source map has the sources", async () => {
  const path = await released("shim.mjs");
  const bundle = await readFile(path, "utf8");
  const packed = ["-xOf", await released(".tgz"), "package/dist/openclaw-shim.mjs"];
  expect((await run("tar", packed, { maxBuffer: 1024 * 1024 })).stdout).toBe(bundle);
  expect(bundle.trimEnd()).toMatch(/\n\/\/# sourceMappingURL=openclaw-shim\.mjs\.map$/);
  const { sections } = JSON.parse(await readFile(`${path}.map`, "utf8")) as {
    sections: { map: Record<"sources" | "sourcesContent", string[]> }[];
  };
  const sources = new Map(
    sections.flatMap(({ map }) => map.sources.map((source, at) => [source, map.sourcesContent[at]])),
  );
  expect(sources.get("../src/main.ts")).toBe(await readFile(join(ROOT, "src/main.ts"), "utf8"));
  expect((await run(process.execPath, [path, "--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("the SBOM names every package whose code is in the file", async () => {
  const sbom = JSON.parse(await readFile(await released(".cdx.json"), "utf8")) as Sbom;
  expect(sbom).toMatchObject({
    bomFormat: "CycloneDX",
    serialNumber: expect.stringMatching(
      /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    ) as unknown,
    metadata: { component: { name: "openclaw-shim" } },
  });
  const licenses = await readFile(join(RELEASE, "LICENSES.txt"), "utf8");
  const bundled = [...licenses.matchAll(/^(\S+) (\d\S*) \(.*\)$/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  expect(bundled.length).toBeGreaterThan(5);
  const named = sbom.components.map(({ name, version }) => `${name} ${version}`);
  expect(named).toEqual(expect.arrayContaining(bundled));
  expect(named.join()).not.toContain("esbuild");
  for (const { name, version, purl } of sbom.components) {
    expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
  }
});

it("lintian finds no error in the Debian package", async () => {
  const { stdout } = await run("lintian", ["--fail-on", "error", await released(".deb")]);
  expect(stdout).not.toMatch(/^E:/m);
});
