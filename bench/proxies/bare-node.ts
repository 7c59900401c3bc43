import { createServer } from "node:http";

/** A minimal Node server, as the baseline for start-up time and size. Usage: `bare-node.mjs LISTEN_PORT`. */
createServer((_request, response) => response.end()).listen(Number(process.argv[2]), "127.0.0.1");
