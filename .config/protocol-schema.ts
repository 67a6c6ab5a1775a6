import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { messageChecks } from "../src/protocol/messages.js";
import type { Schema } from "./schema-shape.js";

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What `messageChecks()` returns where the functions that make checks make schemas. */
export interface Definitions {
  readonly envelope: { readonly properties: Readonly<Record<string, Schema>>; readonly required: readonly string[] };
  readonly reserved: readonly string[];
  readonly client: Readonly<Record<string, Schema>>;
  readonly server: Readonly<Record<string, Schema>>;
}

/** The schema of each message, by its `t`. */
export function messageSchemas({ envelope, reserved: prefixes, client, server }: Definitions) {
  const message = (t: Schema, data: Schema): Schema => ({
    type: "object",
    properties: { ...envelope.properties, v: { const: 1 }, t, data },
    required: data === true ? envelope.required : [...envelope.required, "data"],
  });
  const messages = (definitions: Readonly<Record<string, Schema>>): Record<string, Schema> =>
    Object.fromEntries(Object.entries(definitions).map(([t, data]) => [t, message({ const: t }, data)]));
  const reserved = `^(?:${prefixes.map((prefix) => prefix.replace(".", "\\.")).join("|")})`;
  const ownType = { not: { anyOf: [{ enum: Object.keys(server) }, { pattern: reserved }] } };
  const applicationMessage = message({ ...(envelope.properties.t as object), ...ownType }, true);
  return { clientMessages: messages(client), serverMessages: messages(server), applicationMessage };
}

/** The protocol's text messages as a JSON schema, made of the definitions that both ends check messages against. */
export async function protocolSchema(): Promise<object> {
  const { clientMessages, serverMessages, applicationMessage } = messageSchemas(await readDefinitions());
  const references = (...names: readonly string[]) => names.map((name) => ({ $ref: `#/$defs/${name}` }));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "urn:loquilex:protocol:1",
    title: "LoquiLex protocol, version 1: text messages",
    description:
      "PROTOCOL.md is the contract. A length there counts UTF-16 units, and a length here counts characters; unknown fields are ignored.",
    anyOf: references("clientMessage", "serverMessage"),
    $defs: {
      clientMessage: { description: "What a client may send.", anyOf: references(...Object.keys(clientMessages)) },
      serverMessage: {
        description: "What a server may send.",
        anyOf: references(...Object.keys(serverMessages), "applicationMessage"),
      },
      applicationMessage: {
        description: "A message of the application's own.",
        ...(applicationMessage as object),
      },
      ...clientMessages,
      ...serverMessages,
    },
  };
}

/** Makes schemas of what the messages are checked against. */
export async function readDefinitions(): Promise<Definitions> {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    plugins: [
      {
        name: "schemas-for-checks",
        enforce: "pre",
        resolveId: (source) => (source === "./shape.js" ? inProject(".config/schema-shape.ts") : undefined),
      },
    ],
    build: {
      write: false,
      minify: false,
      lib: { entry: inProject("src/protocol/messages.ts"), formats: ["es"], fileName: "definitions" },
    },
  });
  const { output } = (Array.isArray(result) ? result[0] : result) as { output: { code?: string }[] };
  const code = output[0]?.code ?? "";
  const module: { messageChecks: typeof messageChecks } = await import(
    `data:text/javascript,${encodeURIComponent(code)}`
  );
  return module.messageChecks() as unknown as Definitions;
}
