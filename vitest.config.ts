import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "html"] },
    projects: [
      {
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: ["test/gateway/**", "test/service/booted/**"],
          testTimeout: 15_000,
          // A worker for each file took two thirds of the time. No test changes what another could see.
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts"],
          // One real gateway takes 400 MB and its start is CPU-bound: files run one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: "service",
          include: ["test/service/booted/**/*.test.ts"],
          // Each file boots a machine of its own.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
