import { Socket } from "node:net";
import { Slot, Slots } from "../../src/server/slots.ts";

/** Returns a slot for a session without a connection. */
export function testSlot(): Slot {
  return new Slot(new Socket(), new Slots(1));
}
