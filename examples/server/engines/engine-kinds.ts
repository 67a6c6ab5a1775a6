import { readdir } from "node:fs/promises";
import { StartError } from "../start/start-error.js";
import type { EngineKind } from "./engine-kind.js";

const FOLDER = new URL("./kinds/", import.meta.url);

/**
 * The engines that there are: one of each file in the folder.
 * @throws StartError if a file has no engine, or two have the same.
 */
export async function engineKinds(folder: URL = FOLDER): Promise<ReadonlyMap<string, EngineKind>> {
  const files = (await readdir(folder)).filter((file) => /\.(?:ts|js|mjs)$/.test(file)).toSorted();
  const kinds = new Map<string, EngineKind>();
  for (const file of files) {
    const kind = await load(file, folder);
    if (kinds.has(kind.name))
      throw new StartError(`${file} has an engine named ${kind.name}, and so has another file.`);
    kinds.set(kind.name, kind);
  }
  return kinds;
}

async function load(file: string, folder: URL): Promise<EngineKind> {
  const { engineKind: kind } = (await import(new URL(file, folder).href)) as {
    readonly engineKind?: Partial<EngineKind>;
  };
  const isWhole = typeof kind?.name === "string" && typeof kind.needs === "string" && typeof kind.create === "function";
  if (!isWhole || !/^[a-z][a-z0-9-]*$/.test(kind.name)) {
    throw new StartError(
      `${file} in the folder of engines must export an engineKind: its name in small letters, what it needs, and create().`,
    );
  }
  return kind as EngineKind;
}
