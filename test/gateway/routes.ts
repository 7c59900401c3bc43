import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { OpenClaw } from "./openclaw.ts";

const FOLDERS = ["dist", "extensions"];
/** Modules of pages, of types and of dependencies serve no routes. */
const SKIPPED = /(?:^|\/)(?:node_modules|control-ui|worker)\/|\.d\.ts$|\.test\.ts$/;
/** Occurs in every module that serves a route. */
const SERVES = /pathname|requestPath|registerHttpRoute/;
/** A literal that may be a path, or the begin of one. */
const PATH = /["'`](\/[A-Za-z0-9_][\w./-]{0,80})["'`$?]/g;

/** Returns every path that the modules of a release name, each as it is and as a folder: routes, and much else. */
export async function routesIn({ entry }: OpenClaw): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of FOLDERS) {
    const root = join(dirname(entry), folder);
    const names = await readdir(root, { recursive: true }).catch(() => []);
    for (const name of names.filter((path) => /\.(?:m?js|ts)$/.test(path) && !SKIPPED.test(path))) {
      const text = await readFile(join(root, name), "utf8");
      if (!SERVES.test(text)) continue;
      for (const [, path = ""] of text.matchAll(PATH)) found.add(path);
    }
  }
  const both = [...found].flatMap((path) => [path, path.endsWith("/") ? `${path}x` : `${path}/`]);
  return [...new Set(both)].toSorted();
}

/** Returns an address of this machine that is not loopback; undefined if it has none. */
export function outsideAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
