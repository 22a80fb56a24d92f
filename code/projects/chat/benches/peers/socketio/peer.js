// Rooms over socket.io: what a client emits, all in its room get.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, { transports: ["websocket"] });
server.on("connection", (client) => {
  let room;
  client.on("join", (name) => {
    room = name;
    client.join(room);
    client.emit("joined");
  });
  client.on("say", (text) => server.to(room).emit("line", text));
});
http.listen(0, "127.0.0.1", () => console.error(`http://127.0.0.1:${http.address().port}/`));
