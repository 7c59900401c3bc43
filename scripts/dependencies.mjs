// Writes docs/dependencies.txt: every package that is installed with openclaw-shim, with version and checksum.
// With --check it compares instead: a new or changed dependency must be visible in a commit.
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
      `${FILE} does not match package-lock.json: review the change, then run node scripts/dependencies.mjs\n`,
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, text);
}
