import { statSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, PrepairError } from "./error.ts";

/**
 * Does the work as the owner of a folder, or of the folder that it would be made in, when this process is root's. What
 * root writes into another user's state directory would be out of reach for the gateway, and that user could lead root
 * elsewhere with a link. Any other user stays who they are.
 * @throws PrepairError when root may not become that user (a container without CAP_SETUID)
 */
export async function asOwnerOf<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { geteuid, getegid, seteuid, setegid } = process;
  if (!geteuid || !getegid || !seteuid || !setegid || geteuid() !== 0) return work();
  const { uid, gid } = nearest(folder);
  if (uid === 0) return work();
  const group = getegid();
  try {
    setegid(gid);
    seteuid(uid);
  } catch (error) {
    throw new PrepairError(
      `root may not act as user ${uid} here (${errorCode(error)}); run prepair as that user`,
    );
  }
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(group);
  }
}

function nearest(folder: string): { readonly uid: number; readonly gid: number } {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat ?? nearest(dirname(folder));
}
