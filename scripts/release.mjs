// Writes dist/release/: what is published of one commit. The same commit, tools and base image give the same bytes.
//   npm run release -- [--base IMAGE]   the image's base, if not the one of microvm/Dockerfile; podman knows or pulls it
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeDebianPackage } from "./release/debian.mjs";
import { writeImage } from "./release/image.mjs";
import { sbomOf } from "./release/sbom.mjs";

const ROOT = join(import.meta.dirname, "..");
const OUT = join(ROOT, "dist/release");
/** Programs that it runs, and Debian's packages of them. */
const NEEDED = { git: "git", tar: "tar", "dpkg-deb": "dpkg" };

const missing = Object.entries(NEEDED).filter(([program]) => spawnSync(program, ["--version"]).error);
if (missing.length > 0) {
  const [programs, packages] = [0, 1].map((column) => missing.map((entry) => entry[column]));
  console.error(
    `npm run release: needs ${programs.join(", ")}; on Debian: apt-get install ${packages.join(" ")}`,
  );
  process.exit(2);
}
const { values } = parseArgs({ options: { base: { type: "string" } } });
const { name, version, engines, files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const [epoch, maintainer] = execFileSync("git", ["log", "-1", "--format=%ct%n%an <%ae>"], {
  cwd: ROOT,
  encoding: "utf8",
}).split("\n");
const date = new Date(Number(epoch) * 1000);
// For dpkg-deb.
process.env.SOURCE_DATE_EPOCH = epoch;
process.umask(0o022);

rmSync(OUT, { recursive: true, force: true });
const work = mkdtempSync(join(tmpdir(), `${name}-release-`));
try {
  const tree = join(work, "tree");
  for (const file of [
    "package.json",
    "LICENSE",
    "README.md",
    ...files.filter((path) => !path.startsWith("!")),
  ]) {
    cpSync(join(ROOT, file), join(tree, file), { recursive: true });
  }
  // A checkout has the modes of its user's umask.
  execFileSync("chmod", ["-R", "u=rwX,go=rX", tree]);
  mkdirSync(OUT);
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", OUT], {
    cwd: tree,
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (const file of [`${name}.mjs`, `${name}.mjs.map`, "LICENSES.txt"])
    copyFileSync(join(tree, "dist", file), join(OUT, file));
  writeDebianPackage({ tree, work, out: OUT, version, node: engines.node, maintainer, date });
  try {
    writeImage({ tree, work, out: OUT, name, version, epoch, base: values.base });
  } catch (error) {
    console.error(`npm run release: without the image: ${error.message}`);
    process.exitCode = 1;
  }
  writeFileSync(join(OUT, `${name}-${version}.cdx.json`), sbomOf({ root: ROOT, name, date }));
  const sums = readdirSync(OUT)
    .sort()
    .map((file) => `${sha256(join(OUT, file))}  ${file}\n`)
    .join("");
  writeFileSync(join(OUT, "SHA256SUMS"), sums);
  process.stdout.write(sums);
} catch (error) {
  console.error(`npm run release: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
