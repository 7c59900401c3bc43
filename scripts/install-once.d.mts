/** Where the tests keep what they install: `.openclaw/` in the repository, which git ignores. */
export const INSTALLS: string;

export interface Install {
  /** For people, in the progress lines on stderr. */
  readonly what: string;
  /** `dependencies` and `overrides`, as in a package.json. */
  readonly manifest: {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly overrides?: Readonly<Record<string, string>>;
  };
  /** Further arguments of `npm install`. */
  readonly args?: readonly string[];
  /** The Node.js binary that the packages are for; npm leaves out optional ones that its own Node.js does not suit. */
  readonly node?: string;
  /** Milliseconds; 8 minutes unless told. */
  readonly deadlineMs?: number;
}

/** Makes sure that `folder/node_modules` holds what the manifest asks for; throws with npm's output when npm fails. */
export function installOnce(folder: string, install: Install): Promise<void>;

/** The path of a Node.js binary of that major version, installed if need be; throws when there is none to be had. */
export function nodeBinary(major: number): Promise<string>;
