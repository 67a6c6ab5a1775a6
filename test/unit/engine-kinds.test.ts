import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";
import { engineKinds } from "../../examples/server/engines/engine-kinds.js";
import { openEngine, selectedEngine, textsOf } from "../support/selected-engine.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A folder of engines with these files. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<URL> {
  const folder = await temporaryFolder();
  for (const [name, code] of Object.entries(files)) await writeFile(join(folder, name), code);
  return pathToFileURL(`${folder}/`);
}

/** The engine that the README shows. */
async function shownEngine(): Promise<string> {
  const readme = await readFile(new URL("../../examples/server/README.md", import.meta.url), "utf8");
  const [, code = ""] = /```ts\n(import type \{ EngineKind \}[\s\S]*?)```/.exec(readme) ?? [];
  return (await transform(code, { loader: "ts" })).code;
}

describe("the engines", () => {
  it("are the files of their folder", async () => {
    expect([...(await engineKinds()).keys()]).toEqual(["command", "http", "pocketsphinx", "segmenter"]);
  });

  it("are one more with the one new file that the README shows", async () => {
    const kinds = await engineKinds(await folderOf({ "clock.mjs": await shownEngine(), "notes.md": "" }));
    const { run, segments, statuses } = await openEngine({ LX_ENGINE: "clock" }, { kinds });
    for (let position = 1_000; position < 33_000; position += 320) run.write(new Uint8Array(640), position);
    await run.end();
    await run.dispose();
    expect(statuses).toEqual([{ engine: "clock", words: true, detail: "" }]);
    expect(textsOf(segments)).toEqual(["1 s", "2 s"]);
  });

  it.each([
    ["has no engine", "export const name = 1;"],
    ["has something else", "export const engineKind = 1;"],
    ["has a name that is none", 'export const engineKind = { name: "My engine", needs: "", create() {} };'],
  ])("stop the start if a file %s", async (_, code) => {
    await expect(engineKinds(await folderOf({ "wrong.mjs": code }))).rejects.toThrow(
      "wrong.mjs in the folder of engines must export an engineKind",
    );
  });

  it("stop the start if two have one name", async () => {
    const code = 'export const engineKind = { name: "twin", needs: "", create() {} };';
    await expect(engineKinds(await folderOf({ "a.mjs": code, "b.mjs": code }))).rejects.toThrow(
      "b.mjs has an engine named twin, and so has another file.",
    );
  });

  it("are chosen by name, and a wrong name is told with those that there are", async () => {
    await expect(selectedEngine({ LX_ENGINE: "whisper" })).rejects.toThrow(
      'LX_ENGINE (or --engine) is "whisper", and must be one of auto, command, http, pocketsphinx, segmenter.',
    );
    await expect(selectedEngine({ LX_ENGINE: "command" })).rejects.toThrow(
      'LX_ENGINE_COMMAND is not set, and must be a shell command when LX_ENGINE (or --engine) is "command".',
    );
    await expect(selectedEngine({ LX_ENGINE: "pocketsphinx" })).rejects.toThrow(
      "pocketsphinx_continuous is not on the PATH; install it (Debian: apt-get install pocketsphinx)",
    );
  });

  it("are the segmenter if nothing else is there", async () => {
    expect((await selectedEngine({})).name).toBe("segmenter");
  });
});
