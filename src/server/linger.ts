/**
 * How long, in milliseconds, a connection outlives its end: a client that does not read its refusal, or does not close
 * after it, is let go then, and after one side of a relayed connection has ended, the other has this long to end too.
 */
export const LINGER_MS = 750;
