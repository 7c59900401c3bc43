/** The folder for the tests' installs: `.openclaw/` in the repository, which git ignores. */
export const INSTALLS: string;

export interface Install {
  /** Name in the progress lines on stderr. */
  readonly what: string;
  /** `dependencies` and `overrides`, as in a package.json. */
  readonly manifest: {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly overrides?: Readonly<Record<string, string>>;
  };
  /** Further arguments of `npm install`. */
  readonly args?: readonly string[];
  /** The Node.js binary to run npm with. */
  readonly node?: string;
  /** Milliseconds; by default 8 minutes. */
  readonly deadlineMs?: number;
}

/** Installs the manifest's packages into `folder/node_modules`, unless they are installed. @throws Error with npm's output */
export function installOnce(folder: string, install: Install): Promise<void>;

/** Returns the path of a Node.js binary of that major version, after installing it if necessary. @throws Error if none is available */
export function nodeBinary(major: number): Promise<string>;
