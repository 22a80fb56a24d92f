// Rooms over ws: what a client sends, all in its room get. The path of its address is the room.

import { WebSocket, WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.error(`http://127.0.0.1:${server.address().port}/`));
server.on("connection", (client, request) => {
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(client));
  client.on("message", (text) => {
    for (const member of room) {
      if (member.readyState === WebSocket.OPEN) member.send(text, { binary: false });
    }
  });
  client.on("close", () => room.delete(client));
  client.on("error", () => client.terminate());
  client.send("joined");
});
