import { readFile } from "node:fs/promises";
import { StartError } from "../../start/start-error.js";

/** A model that may be downloaded. */
export interface CatalogModel {
  /** Also the name of its file. */
  readonly name: string;
  readonly url: string;
  /** Of the whole file, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Its size, where the catalogue tells. */
  readonly bytes: number | undefined;
}

/** The only models there are: a request names one of them, and never an address or a path. */
export type ModelCatalog = ReadonlyMap<string, CatalogModel>;

const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;

/** @param path of the file, if there is one. @throws StartError */
export async function readModelCatalog(path: string | undefined): Promise<ModelCatalog> {
  if (path === undefined) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(path, `the path of a readable JSON file (${why})`);
  }
  if (!isObject(value)) throw refusal(path, "a JSON object of models by name");
  return new Map(Object.entries(value).map(([name, model]) => [name, readModel(path, name, model)]));
}

function readModel(path: string, name: string, value: unknown): CatalogModel {
  if (!NAME.test(name)) {
    throw refusal(
      path,
      `a catalogue whose names are of letters, digits, ".", "_" and "-", and ${JSON.stringify(name)} is not`,
    );
  }
  const { url, sha256, bytes } = isObject(value) ? value : {};
  if (typeof url !== "string" || !/^https?:$/.test(protocolOf(url))) {
    throw refusal(path, `a catalogue with an http or https "url" for each model, and ${name} has none`);
  }
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw refusal(path, `a catalogue with a "sha256" of 64 hexadecimal digits for each model, and ${name} has none`);
  }
  if (bytes !== undefined && !(typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes > 0)) {
    throw refusal(path, `a catalogue whose "bytes" are whole numbers above 0, and that of ${name} is not`);
  }
  return { name, url, sha256: sha256.toLowerCase(), bytes };
}

const protocolOf = (url: string): string => (URL.canParse(url) ? new URL(url).protocol : "");

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const refusal = (path: string, allowed: string): StartError =>
  new StartError(`LX_MODEL_CATALOG is ${JSON.stringify(path)}, and must be ${allowed}.`);
