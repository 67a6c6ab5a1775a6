import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { protocolSchema } from "./protocol-schema.js";

const PAGE = fileURLToPath(new URL("../src/protocol/PROTOCOL.md", import.meta.url));

/** The contract of the wire, for whoever writes a backend: as a page to read and as a JSON schema. */
export function protocolFiles(): Plugin {
  return {
    name: "protocol-files",
    async generateBundle() {
      const schema = `${JSON.stringify(await protocolSchema(), undefined, 2)}\n`;
      this.emitFile({ type: "asset", fileName: "protocol.schema.json", source: schema });
      this.emitFile({ type: "asset", fileName: "PROTOCOL.md", source: await readFile(PAGE, "utf8") });
    },
  };
}
