import { printable } from "../../text/printable.ts";
import type { Root } from "./root.ts";
import type { ImageTarget } from "./target.ts";

/** What an image needs besides the files that `install` writes. */
export interface ImageNeeds {
  /** Absolute path of Node in the image. */
  readonly node: string;
  /** It needs no token of the gateway's, or has been told where one is. */
  readonly hasToken: boolean;
  /** `--token-file`, where it was given. */
  readonly tokenFile?: string;
}

/**
 * What has yet to come into an image, so that the service starts in it. It may come later: none of it is an error.
 *
 * @param target whose folder is shown as the user knows it
 */
export function imageNotes(
  { node, hasToken, tokenFile }: ImageNeeds,
  target: Pick<ImageTarget, "root">,
  root: Root,
): readonly string[] {
  const notes: string[] = [];
  if (!hasToken) notes.push("--approve seen needs the gateway's token: add --token-file FILE");
  if (!unlessLedOut(() => root.has(node))) {
    notes.push(`${printable(target.root)} has no ${printable(node)}: Node must be there before it boots`);
  }
  if (tokenFile !== undefined && !unlessLedOut(() => isPrivateFile(root.mode(tokenFile)))) {
    notes.push(`${printable(tokenFile)} must be in the image, with mode 0600, before it boots`);
  }
  return notes;
}

function isPrivateFile(mode: number | undefined): boolean {
  return mode !== undefined && (mode & 0o077) === 0;
}

/** What an absolute link leads to is there once the image runs, and cannot be told before. */
function unlessLedOut(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return true;
  }
}
