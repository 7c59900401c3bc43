// Starts the fake gateway in a separate process that the test kills. Usage: `gateway.mjs PORT`.
import { startFakeGateway } from "../../fake-gateway/server.ts";

const { port } = await startFakeGateway({ release: "2026.9.6", token: "t", port: Number(process.argv[2]) });
process.stdout.write(`${port}\n`);
