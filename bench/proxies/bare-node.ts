import { createServer } from "node:http";

/** The least that a Node server can be, for start-up time and size; run as `bare-node.mjs LISTEN`, a port. */
createServer((_request, response) => response.end()).listen(Number(process.argv[2]), "127.0.0.1");
