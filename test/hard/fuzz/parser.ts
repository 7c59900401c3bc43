import { createRequire } from "node:module";

/** A request head as Node's server would report it. */
export interface ParsedHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly upgrade: boolean;
}

type OnHeadersComplete = (
  major: number,
  minor: number,
  fields: string[] | undefined,
  method: number,
  url: string,
  status: unknown,
  message: unknown,
  upgrade: boolean,
) => number;

/** Node's internal parser (`lib/_http_common.js`): the listener's parser, usable without sockets. */
interface HttpParser {
  [slot: number]: unknown;
  initialize(type: number, resource: object, headerLimit: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
}
interface HttpCommon {
  readonly HTTPParser: (new () => HttpParser) &
    Readonly<Record<"REQUEST" | "kOnHeaders" | "kOnHeadersComplete" | "kLenientNone", number>>;
  readonly methods: readonly string[];
}

const HEAD_LIMIT = 16 * 1024;
const { HTTPParser, methods } = createRequire(import.meta.url)("node:_http_common") as HttpCommon;

/** One parser for all inputs: `initialize` resets it, as in Node's pool. */
const parser = new HTTPParser();

/** Returns every request head in `bytes` up to the first malformed one; they may be pipelined. */
export function parseHeads(bytes: Buffer): ParsedHead[] {
  const heads: ParsedHead[] = [];
  let fields: string[] = [];
  let target = "";
  parser.initialize(HTTPParser.REQUEST, {}, HEAD_LIMIT, HTTPParser.kLenientNone);
  // The parser reports more than 32 fields in parts.
  parser[HTTPParser.kOnHeaders | 0] = (part: string[], url: string): void => {
    fields.push(...part);
    target += url;
  };
  const onHead: OnHeadersComplete = (major, minor, last, method, url, _status, _message, upgrade) => {
    const rawHeaders = last ?? fields;
    heads.push({
      method: methods[method] ?? "?",
      url: url || target,
      httpVersion: `${major}.${minor}`,
      rawHeaders,
      upgrade,
    });
    [fields, target] = [[], ""];
    // As in lib/_http_server.js: 2 stops parsing after an upgrade.
    return upgrade ? 2 : 0;
  };
  parser[HTTPParser.kOnHeadersComplete | 0] = onHead;
  parser.execute(bytes);
  return heads;
}
