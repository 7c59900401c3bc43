// The software bill of materials: every package that npm installs with openclaw-shim, which includes what is bundled.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

const ARGUMENTS = ["--sbom-format", "cyclonedx", "--sbom-type", "application"];

/**
 * Returns the SBOM in CycloneDX's JSON, made by npm from package-lock.json. The same commit has the same bytes: npm
 * would write the time, a random serial number, and the folder's name for the program's.
 *
 * @param {{ root: string, name: string, date: Date }} release
 * @throws {Error} if npm fails
 */
export function sbomOf({ root, name, date }) {
  const output = execFileSync("npm", ["sbom", ...ARGUMENTS, "--omit", "dev", "--package-lock-only"], {
    cwd: root,
    encoding: "utf8",
  });
  const sbom = JSON.parse(output);
  sbom.metadata.timestamp = date.toISOString();
  sbom.metadata.component.name = name;
  // npm writes the alias of package.json; the reference is name@version.
  for (const part of sbom.components) part.name = part["bom-ref"].replace(/(?<=.)@.*$/, "");
  delete sbom.serialNumber;
  const hash = createHash("sha256").update(JSON.stringify(sbom)).digest("hex");
  sbom.serialNumber = `urn:uuid:${uuidOf(hash)}`;
  return `${JSON.stringify(sbom, undefined, 2)}\n`;
}

/** Returns a hash as a UUID of version 8, which leaves its bits to the application: RFC 9562, section 5.8. */
function uuidOf(hash) {
  const variant = ((Number.parseInt(hash[16], 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
