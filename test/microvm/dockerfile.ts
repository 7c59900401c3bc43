/** A parsed Dockerfile, with the instructions of microvm/Dockerfile. */
export interface Dockerfile {
  readonly from: string;
  readonly copies: readonly { readonly sources: readonly string[]; readonly target: string }[];
  readonly runs: readonly (readonly string[])[];
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Parses a Dockerfile. @throws Error for an unsupported instruction */
export function parseDockerfile(text: string): Dockerfile {
  const result = { copies: [] as Dockerfile["copies"][number][], runs: [] as string[][], env: {} };
  const single: Record<string, readonly string[]> = {};
  for (const line of text.split("\n").filter((one) => one.trim() !== "" && !one.startsWith("#"))) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    const words = rest.split(" ");
    if (name === "COPY") result.copies.push({ sources: words.slice(0, -1), target: words.at(-1) ?? "" });
    else if (name === "RUN") result.runs.push(execForm(rest));
    else if (name === "ENV")
      Object.assign(result.env, Object.fromEntries(words.map((word) => word.split("="))));
    else if (name in single) throw new Error(`a second ${name}`);
    else if (name === "FROM" || name === "USER") single[name] = words;
    else if (name === "ENTRYPOINT" || name === "CMD") single[name] = execForm(rest);
    else if (name === "HEALTHCHECK") single[name] = execForm(rest.replace(/^(?:--\S+ )*CMD /, ""));
    else throw new Error(`unsupported instruction: ${line}`);
  }
  const { FROM = [], USER = [], ENTRYPOINT = [], CMD = [], HEALTHCHECK = [] } = single;
  const [from = ""] = FROM;
  const [user = ""] = USER;
  return { ...result, from, user, entrypoint: ENTRYPOINT, cmd: CMD, healthcheck: HEALTHCHECK };
}

/** Parses the exec form, without a shell: process 1 is the program itself and receives SIGTERM. */
function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Error(`not the exec form: ${text}`);
}
