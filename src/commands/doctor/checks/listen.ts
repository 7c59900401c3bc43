import { isLoopbackName, authorityOf } from "../../../net/authority.ts";
import { isPrivateBlock } from "../causes.ts";
import type { Facts } from "../facts.ts";
import { findingsOf, type Check } from "../finding.ts";
import { list } from "./words.ts";

const say = findingsOf("listen");

/** Whether others than this machine may reach the shim, and with it a gateway that takes them for local. */
export const listen: Check<Facts> = ({ settings, shim }) => {
  const open = settings.listen.filter(({ host }) => !isLoopbackName(host));
  if (open.length === 0) {
    return say.ok(`the shim ${shim.state === "running" ? "listens" : "would listen"} on loopback alone`);
  }
  const where = open.map(authorityOf).join(" ");
  const strangers = settings.allowFrom.filter((cidr) => !isPrivateBlock(cidr));
  if (strangers.length > 0) {
    return say.fix(
      `--listen ${where} with --allow-from ${list(strangers)}: the world may connect, and the gateway takes whoever does for a local client`,
      "listen on 127.0.0.1, or narrow --allow-from to the addresses of your own machines",
    );
  }
  return say.note(
    `--listen ${where} with --allow-from ${list(settings.allowFrom)}: the gateway takes whoever connects from there for a local client`,
  );
};
