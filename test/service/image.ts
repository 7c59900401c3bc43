import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Creates an image that contains only Node, below `folder`. @returns its root */
export function makeImage(folder: string): string {
  const image = mkdtempSync(join(folder, "image-"));
  put(image, "usr/bin/node", 0o755);
  return image;
}

/** Writes a file with this mode into an image. */
export function put(image: string, path: string, mode: number, text = ""): void {
  const place = join(image, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
  chmodSync(place, mode);
}
