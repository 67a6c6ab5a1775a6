/** What both of Deepgram's sockets have in common. The end has come when the service has closed. */
export async function listenTo(connection, hear, onMessage) {
  const closed = new Promise((resolve) => {
    connection.on("close", ({ code, reason }) => {
      hear.closed(code, reason);
      resolve();
    });
  });
  connection.on("open", () => hear.opened());
  connection.on("error", (error) => hear.failed(error));
  connection.on("message", onMessage);
  connection.connect();
  await connection.waitForOpen().catch(() => {});
  return {
    send: (audio) => connection.sendMedia(audio),
    end: async () => {
      connection.sendCloseStream({ type: "CloseStream" });
      await closed;
      connection.close();
    },
  };
}
