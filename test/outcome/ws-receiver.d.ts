import type { Writable } from "node:stream";

// ws exports its frame reader, @types/ws does not declare it.
declare module "ws" {
  export class Receiver extends Writable {
    constructor(options?: {
      isServer?: boolean;
      maxPayload?: number;
      maxFragments?: number;
      maxBufferedChunks?: number;
      skipUTF8Validation?: boolean;
    });
  }
}
