/** What an image is made of: Dockerfile reference, as far as microvm/Dockerfile goes. */
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

/** @throws Error for an instruction, or a form of one, that is not known here */
export function parseDockerfile(text: string): Dockerfile {
  const made = { copies: [] as Dockerfile["copies"][number][], runs: [] as string[][], env: {} };
  const once: Record<string, readonly string[]> = {};
  for (const line of text.split("\n").filter((one) => one.trim() !== "" && !one.startsWith("#"))) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    const words = rest.split(" ");
    if (name === "COPY") made.copies.push({ sources: words.slice(0, -1), target: words.at(-1) ?? "" });
    else if (name === "RUN") made.runs.push(execForm(rest));
    else if (name === "ENV")
      Object.assign(made.env, Object.fromEntries(words.map((word) => word.split("="))));
    else if (name in once) throw new Error(`a second ${name}`);
    else if (name === "FROM" || name === "USER") once[name] = words;
    else if (name === "ENTRYPOINT" || name === "CMD") once[name] = execForm(rest);
    else if (name === "HEALTHCHECK") once[name] = execForm(rest.replace(/^(?:--\S+ )*CMD /, ""));
    else throw new Error(`not known here: ${line}`);
  }
  const { FROM = [], USER = [], ENTRYPOINT = [], CMD = [], HEALTHCHECK = [] } = once;
  const [from = ""] = FROM;
  const [user = ""] = USER;
  return { ...made, from, user, entrypoint: ENTRYPOINT, cmd: CMD, healthcheck: HEALTHCHECK };
}

/** The form without a shell: process 1 is the program itself, and hears SIGTERM. */
function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  throw new Error(`not the exec form: ${text}`);
}
