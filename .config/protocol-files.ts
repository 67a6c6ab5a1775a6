import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { asyncApi } from "./async-api.js";
import { protocolSchema } from "./protocol-schema.js";

const PAGE = fileURLToPath(new URL("../src/protocol/PROTOCOL.md", import.meta.url));

const asJson = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** The contract of the wire, for whoever writes a backend: as a page to read, as a JSON schema and as AsyncAPI. */
export function protocolFiles(): Plugin {
  return {
    name: "protocol-files",
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: "protocol.schema.json", source: asJson(await protocolSchema()) });
      this.emitFile({ type: "asset", fileName: "asyncapi.json", source: asJson(await asyncApi()) });
      this.emitFile({ type: "asset", fileName: "PROTOCOL.md", source: await readFile(PAGE, "utf8") });
    },
  };
}
