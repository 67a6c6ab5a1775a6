/** Takes streams on port 8765 of this machine, or on the port given, and writes them to the folder `out`. */
import { mkdir } from "node:fs/promises";
import { Scope } from "loquilex/resources";
import { listen } from "./minimal-server.js";

const scope = new Scope({ name: "minimal server" });
const port = Number(process.argv[2] ?? 8_765);
await mkdir("out", { recursive: true });
listen(port, "out", scope).on("listening", () => process.stdout.write(`ws://127.0.0.1:${port}/v1/stream\n`));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void scope.dispose());
