// The OCI image: podman builds microvm/Dockerfile, and the result becomes an archive with the same bytes each time.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOCKERFILE = "microvm/Dockerfile";

/**
 * Writes an archive of an OCI image layout: `podman load` and `docker load` read it.
 *
 * @param {{ tree: string, work: string, out: string, name: string, version: string, epoch: string,
 *   base: string | undefined }} release `tree` has the files of the npm package, `work` is an empty folder; `base` is
 *   used instead of the image that the Dockerfile names
 * @throws {Error} if podman is missing, fails, or has no such base
 */
export function writeImage({ tree, work, out, name, version, epoch, base = baseOf(tree) }) {
  const layout = join(work, "image");
  const built = `localhost/${name}-release:${process.pid}`;
  if (!succeeds("podman", ["--version"]))
    throw new Error("it needs podman; on Debian: apt-get install podman");
  if (!succeeds("podman", ["image", "exists", base]) && !succeeds("podman", ["pull", base])) {
    throw new Error(
      `podman has no image ${base} and cannot pull it; name another one: npm run release -- --base IMAGE`,
    );
  }
  try {
    // Chroot: the one RUN needs no container, so that the build works where containers do not start.
    const options = ["--quiet", "--no-cache", "--layers=false", "--isolation=chroot", "--pull=never"];
    // Docker's format, because podman drops the health check from an OCI image.
    const same = ["--format=docker", `--timestamp=${epoch}`, `--from=${base}`, `--tag=${built}`];
    run("podman", ["build", ...options, ...same, `--file=${join(tree, DOCKERFILE)}`, tree]);
    run("podman", ["push", "--quiet", built, `oci:${layout}`]);
    const [{ Healthcheck }] = JSON.parse(run("podman", ["image", "inspect", built]));
    const digest = run("podman", ["image", "inspect", "--format={{.Digest}}", base]).trim();
    const architecture = complete(layout, `${name}:${version}`, Healthcheck, {
      "org.opencontainers.image.base.name": base,
      "org.opencontainers.image.base.digest": digest,
    });
    const archive = join(out, `${name}-${version}-oci-${architecture}.tar`);
    const fixed = [
      "--sort=name",
      "--format=ustar",
      `--mtime=@${epoch}`,
      "--owner=0",
      "--group=0",
      "--numeric-owner",
    ];
    run("tar", [
      ...fixed,
      `--mode=u=rwX,go=rX`,
      "-C",
      layout,
      "-cf",
      archive,
      "blobs",
      "index.json",
      "oci-layout",
    ]);
  } finally {
    succeeds("podman", ["rmi", "--force", built]);
  }
}

function run(program, args) {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function succeeds(program, args) {
  return spawnSync(program, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

function baseOf(tree) {
  const [, base] = /^FROM (\S+)/m.exec(readFileSync(join(tree, DOCKERFILE), "utf8"));
  // podman asks no registry for a short name.
  return `docker.io/library/${base}`;
}

/**
 * Adds to an image layout what podman leaves out: the health check, which OCI does not define, and Docker reads from an
 * OCI image all the same; the base, from which the same image can be built again; the image's name.
 *
 * @returns {string} the architecture
 */
function complete(layout, reference, healthCheck, annotations) {
  const blob = ({ digest }) => join(layout, "blobs", ...digest.split(":"));
  const read = (descriptor) => JSON.parse(readFileSync(blob(descriptor), "utf8"));
  const replace = (descriptor, value) => {
    rmSync(blob(descriptor));
    const text = JSON.stringify(value);
    descriptor.digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    descriptor.size = text.length;
    writeFileSync(blob(descriptor), text);
  };
  const indexFile = join(layout, "index.json");
  const index = JSON.parse(readFileSync(indexFile, "utf8"));
  const [entry] = index.manifests;
  const manifest = read(entry);
  const config = read(manifest.config);
  config.config.Healthcheck = healthCheck;
  replace(manifest.config, config);
  manifest.annotations = annotations;
  replace(entry, manifest);
  entry.annotations = { "org.opencontainers.image.ref.name": reference };
  writeFileSync(indexFile, JSON.stringify(index));
  return config.architecture;
}
