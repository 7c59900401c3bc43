import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";

/** An answer to a GET, as far as it was read. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The last 200 outcomes of a shim fit in it. */
const MAX_BODY = 1024 * 1024;

/**
 * Asks once, on a connection of its own, and follows no redirect.
 * @param timeoutMs for all of it
 * @returns the answer, or why there is none: a system error's code, or `no answer`
 */
export function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Answer | { readonly failure: string }> {
  const ask = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const settle = (result: Answer | { failure: string }): void => {
      clearTimeout(deadline);
      request.destroy();
      resolve(result);
    };
    const request = ask(url, { headers, agent: false });
    const deadline = setTimeout(() => settle({ failure: "no answer" }), timeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) => settle({ failure: error.code ?? "no answer" }));
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const done = (): void =>
        settle({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        });
      response.on("data", (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > MAX_BODY) done();
      });
      response.on("end", done);
      response.on("error", done);
    });
    request.end();
  });
}
