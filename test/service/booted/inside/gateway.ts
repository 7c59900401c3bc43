// OpenClaw's gateway on its usual port, as far as the stand-in is one.
import { startStandIn } from "../../../fake-gateway/server.ts";

const PORT = 18_789;

const { TOKEN = "" } = process.env;
const { url } = await startStandIn({ era: "2026.9.6", token: TOKEN, port: PORT });
process.stdout.write(`listening on ${url}\n`);
