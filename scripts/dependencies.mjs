// Writes docs/dependencies.txt: every package that the published program is made of, with version and checksum.
// With --check it compares instead, so that a new dependency, or another content of an old one, is a visible change.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = "docs/dependencies.txt";
const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));

const lines = Object.entries(packages)
  .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
  .map(([path, { name = path.replace(/^.*node_modules\//, ""), version, integrity }]) => {
    if (!integrity) throw new Error(`${path} has no integrity in package-lock.json`);
    return `${name} ${version} ${integrity}\n`;
  })
  .sort();
const text = `# What npm installs with openclaw-shim: name, version, checksum. Written by: node scripts/dependencies.mjs\n${[...new Set(lines)].join("")}`;

if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) {
    process.stderr.write(
      `${FILE} is not what package-lock.json says: look at the difference, then run node scripts/dependencies.mjs\n`,
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, text);
}
