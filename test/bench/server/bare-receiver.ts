/** A WebSocket server that does nothing with what it gets: what no server on this machine can do without. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
let bytes = 0;
server.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    bytes += data.byteLength;
  });
});
server.on("listening", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit(bytes > 0 ? 0 : 1));
