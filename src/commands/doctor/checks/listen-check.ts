import { authorityOf, isLoopbackName } from "../../../net/authority.ts";
import { note, ok, toFix, type Check } from "../finding.ts";
import { list } from "../findings-format.ts";
import { isPrivateBlock } from "../openclaw-files.ts";

/** Judges who may connect to the shim, for the gateway treats every client of the shim as local. */
export const listenCheck: Check = {
  name: "listen",
  async run({ settings: { listen, allowFrom }, shim }) {
    const open = listen.filter(({ host }) => !isLoopbackName(host));
    if (open.length === 0)
      return ok(`the shim ${(await shim()).running ? "listens" : "would listen"} on loopback alone`);
    const where = `--listen ${open.map(authorityOf).join(" ")} with --allow-from`;
    const publicBlocks = allowFrom.filter((cidr) => !isPrivateBlock(cidr));
    if (publicBlocks.length > 0) {
      return toFix(
        `${where} ${list(publicBlocks)}: the internet may connect, and the gateway treats every client as local`,
        { fix: "listen on 127.0.0.1, or narrow --allow-from to the addresses of your own machines" },
      );
    }
    return note(`${where} ${list(allowFrom)}: the gateway treats every client from there as local`);
  },
};
