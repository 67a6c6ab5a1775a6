import { messageSchemas, readDefinitions } from "./protocol-schema.js";
import type { Schema } from "./schema-shape.js";

const CHANNEL = "stream";
const FRAME = "audioFrame";

/** What a server takes and sends as an AsyncAPI 3 description, made of the definitions that both ends check messages against. */
export async function asyncApi(): Promise<object> {
  const { clientMessages, serverMessages, applicationMessage } = messageSchemas(await readDefinitions());
  const text = (name: string, payload: Schema): object => ({ name, contentType: "application/json", payload });
  const messages: Record<string, object> = {
    ...Object.fromEntries(Object.entries(clientMessages).map(([t, payload]) => [t, text(t, payload)])),
    [FRAME]: {
      name: FRAME,
      title: "Audio frame",
      contentType: "application/octet-stream",
      description: "A binary message: twelve bytes of header, little-endian, and the samples. PROTOCOL.md, section 3.",
      payload: { type: "string", format: "binary" },
    },
    ...Object.fromEntries(Object.entries(serverMessages).map(([t, payload]) => [t, text(t, payload)])),
    applicationMessage: text("applicationMessage", applicationMessage),
  };
  const inChannel = (names: readonly string[]) =>
    names.map((name) => ({ $ref: `#/channels/${CHANNEL}/messages/${name}` }));
  const channel = { $ref: `#/channels/${CHANNEL}` };
  return {
    asyncapi: "3.0.0",
    id: "urn:loquilex:protocol:1",
    info: {
      title: "LoquiLex protocol",
      version: "1",
      description:
        "A server of the LoquiLex protocol. PROTOCOL.md is the contract, and says in which order what comes.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels: {
      [CHANNEL]: {
        address: "/v1/stream",
        description: "A WebSocket with the subprotocol loquilex.v1. The address is the server's choice.",
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      takeFromClient: {
        action: "receive",
        channel,
        summary: "The client's messages and its audio.",
        messages: inChannel([...Object.keys(clientMessages), FRAME]),
      },
      sendToClient: {
        action: "send",
        channel,
        summary: "Terms, acknowledgements, captions and messages of the application's own.",
        messages: inChannel([...Object.keys(serverMessages), "applicationMessage"]),
      },
    },
    components: { messages },
  };
}
