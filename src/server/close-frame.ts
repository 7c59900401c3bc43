/** Bytes of a close reason: a control frame holds at most 125 (RFC 6455 section 5.5), with the code. */
const REASON_LIMIT = 123;

/** Returns a close frame of a server (RFC 6455 section 5.5.1), and its reason. @param message one line of text */
export function closeFrame(code: number, message: string): { reason: string; frame: Buffer } {
  const reason = message.replace(/[^ -~]/g, "?").slice(0, REASON_LIMIT);
  const frame = Buffer.from(`\x88\0\0\0${reason}`, "latin1");
  frame[1] = 2 + reason.length;
  frame.writeUInt16BE(code, 2);
  return { reason, frame };
}
