import { createRequire } from "node:module";

/** A head as Node's server would hand it over. */
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

/** Node's own parser (`lib/_http_common.js`): not for programs, but what the listener reads with, without its sockets. */
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

/** One for all inputs: `initialize` makes it new, as for Node's own pool of them. */
const parser = new HTTPParser();

/** Every request head in `bytes` that Node reads before the first that it does not; pipelined ones too. */
export function parseHeads(bytes: Buffer): ParsedHead[] {
  const heads: ParsedHead[] = [];
  let fields: string[] = [];
  let target = "";
  parser.initialize(HTTPParser.REQUEST, {}, HEAD_LIMIT, HTTPParser.kLenientNone);
  // More than 32 fields come in parts.
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
    // Like lib/_http_server.js: 2 leaves what follows an upgrade alone.
    return upgrade ? 2 : 0;
  };
  parser[HTTPParser.kOnHeadersComplete | 0] = onHead;
  parser.execute(bytes);
  return heads;
}
