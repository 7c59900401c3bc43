// The Debian package: the bundle, the units of systemd/, completion, the man page.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const NAME = "openclaw-shim";
const BUNDLE = `/usr/share/${NAME}/${NAME}.mjs`;
/** Where Debian's shells look for completion. */
const COMPLETION = {
  bash: `usr/share/bash-completion/completions/${NAME}`,
  zsh: `usr/share/zsh/vendor-completions/_${NAME}`,
  fish: `usr/share/fish/vendor_completions.d/${NAME}.fish`,
};
const UNITS = { systemd: "usr/lib/systemd/system", "systemd/user": "usr/lib/systemd/user" };

/**
 * Writes the Debian package.
 *
 * @param {{ tree: string, work: string, out: string, version: string, node: string,
 *   maintainer: string, date: Date }} release `tree` has the files of the npm package, `work` is an empty folder
 * @throws {Error} if dpkg-deb fails
 */
export function writeDebianPackage({ tree, work, out, version, node, maintainer, date }) {
  const root = join(work, "debian");
  const put = (path, content, mode = 0o644) => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  const source = (path) => readFileSync(join(tree, path), "utf8");
  // A tilde sorts before the release: 1.0.0~rc.1 < 1.0.0.
  const debianVersion = `${version.replace("-", "~")}-1`;
  const docs = `usr/share/doc/${NAME}`;

  put(BUNDLE, source(`dist/${NAME}.mjs`), 0o755);
  mkdirSync(join(root, "usr/bin"));
  symlinkSync(relative("/usr/bin", BUNDLE), join(root, "usr/bin", NAME));
  for (const [from, to] of Object.entries(UNITS)) {
    for (const type of ["service", "socket"])
      put(`${to}/${NAME}.${type}`, unitOf(source(`${from}/${NAME}.${type}`)));
  }
  for (const [shell, path] of Object.entries(COMPLETION)) {
    put(path, execFileSync(process.execPath, [join(tree, `dist/${NAME}.mjs`), "completion", shell]));
  }
  put(`usr/share/man/man1/${NAME}.1.gz`, compressed(source(`dist/${NAME}.1`)));
  put(`${docs}/copyright`, `${source("LICENSE")}\nThe bundled packages:\n\n${source("dist/LICENSES.txt")}`);
  put(`${docs}/changelog.gz`, compressed(source("CHANGELOG.md")));
  put(
    `${docs}/changelog.Debian.gz`,
    compressed(`${NAME} (${debianVersion}) unstable; urgency=medium

  * Version ${version}: see changelog.gz.

 -- ${maintainer}  ${date.toUTCString().replace("GMT", "+0000")}
`),
  );

  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(file).size / 1024), 0);
  put("DEBIAN/md5sums", files.map((file) => `${md5(file)}  ${relative(root, file)}\n`).join(""));
  put(
    "DEBIAN/control",
    `Package: ${NAME}
Version: ${debianVersion}
Section: net
Priority: optional
Architecture: all
Maintainer: ${maintainer}
Installed-Size: ${kilobytes}
Depends: nodejs (${node.replace(/^>=/, ">= ")})
Description: loopback reverse proxy in front of OpenClaw's gateway
 It makes the gateway see a local client again, behind a sandbox, a tunnel or a
 proxy that adds forwarding headers, and logs why when the gateway does not.
 .
 The package starts a system service on port 18788 of the loopback addresses.
`,
  );
  for (const script of ["postinst", "prerm", "postrm"]) {
    put(`DEBIAN/${script}`, readFileSync(join(import.meta.dirname, "debian", script)), 0o755);
  }
  // dpkg-deb takes the time from SOURCE_DATE_EPOCH; more than one thread would give other bytes.
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", "-Zxz", "--threads-max=1", root, out], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function md5(file) {
  return createHash("md5").update(readFileSync(file)).digest("hex");
}

/** Returns a unit of systemd/ as the package has it: without the hints for a manual installation. */
function unitOf(text) {
  const unit = text.slice(text.indexOf("[Unit]"));
  return `# Of the Debian package. For your own changes: systemctl edit\n\n${unit.replace(/^(ExecStart=.*) \S+\.mjs/m, `$1 ${BUNDLE}`)}`;
}

/** Compresses as `gzip -9n`: without a time. */
function compressed(text) {
  return gzipSync(text, { level: 9 });
}
