import { defineConfig } from "vitest/config";

// The page's styles are imported with ?raw; by default vitest makes CSS empty.
const css = true;

// Above the deadlines of the shim that tests wait for, and enough for a machine that is busy.
const expect = { poll: { timeout: 10_000 } };

// The report names a test that passed the second time.
const retry = process.env["CI"] === undefined ? 0 : 1;

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "html"] },
    projects: [
      {
        test: {
          name: "quick",
          css,
          expect,
          retry,
          include: ["test/**/*.test.ts"],
          exclude: [
            "gateway",
            "browser",
            "service/booted",
            "microvm",
            "hard",
            "release",
            "windows",
            "proxies",
            "containers",
          ].map((folder) => `test/${folder}/**`),
          testTimeout: 30_000,
          // Starting a worker per file took two thirds of the time. No test changes global state of another.
          isolate: false,
          // Many tests wait for deadlines: on two processors four workers take 52 s, two 76 s.
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: "gateway",
          expect,
          retry,
          include: ["test/gateway/**/*.test.ts"],
          // A real gateway needs 400 MB and its start is CPU-bound: files run one after the other.
          fileParallelism: false,
          // Within a file, at most one gateway per processor of a CI machine.
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "hard",
          css,
          expect,
          retry,
          include: ["test/hard/**/*.test.ts"],
          // The load of one file would distort the measurements of another.
          fileParallelism: false,
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: "browser",
          css,
          expect,
          retry,
          include: ["test/browser/**/*.test.ts"],
          // Each file starts Chromium.
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "service",
          expect,
          retry,
          include: ["test/service/booted/**/*.test.ts"],
          // Each file boots its own machine.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "microvm",
          expect,
          retry,
          include: ["test/microvm/**/*.test.ts"],
          // One emulated machine at a time: each uses a processor for a minute.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "windows",
          expect,
          retry,
          include: ["test/windows/**/*.test.ts"],
          // Installs Node.js for Windows and makes Wine's prefix, once.
          globalSetup: "test/windows/wine.ts",
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "proxies",
          expect,
          retry,
          include: ["test/proxies/**/*.test.ts"],
          // Real gateways and seven proxies: one file after the other.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "release",
          expect,
          retry,
          include: ["test/release/**/*.test.ts"],
          // Makes dist/release/.
          globalSetup: "test/release/release.ts",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "containers",
          expect,
          retry,
          include: ["test/containers/**/*.test.ts"],
          // Makes the images.
          globalSetup: "test/containers/images.ts",
          // Each file starts a real gateway in a container.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
