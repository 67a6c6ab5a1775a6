import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WHOLE, WITH_URLS } from "../bench/size/applications.js";
import budget from "../bench/size/budget.json" with { type: "json" };
import { measureSize } from "../bench/size/measure-size.js";
import { ROOT } from "./consumer.js";

/** The function of each entry `loquilex/dialects/NAME`. */
const DIALECTS: Readonly<Record<string, string>> = {
  assemblyai: "assemblyAI",
  deepgram: "deepgram",
  "deepgram-flux": "deepgramFlux",
  elevenlabs: "elevenLabs",
  gladia: "gladia",
  openai: "openAI",
  "sherpa-onnx": "sherpaOnnx",
  soniox: "soniox",
  speechmatics: "speechmatics",
  vosk: "vosk",
  "whisper-live": "whisperLive",
};

// Who makes the package smaller lowers the figure in `test/bench/size/budget.json`: the size, rounded up to half a kB.
describe("an application that only streams a microphone", () => {
  it("has everything inside within the budget, minified and compressed, and more than a third of it comes later", async () => {
    const { gzipBytes, gzipBytesWithLater } = await measureSize(WHOLE, ROOT);
    expect(gzipBytesWithLater).toBeGreaterThan(10_000);
    expect(gzipBytesWithLater).toBeLessThanOrEqual(budget.wholeBytes);
    expect(gzipBytes).toBeLessThan(gzipBytesWithLater * (2 / 3));
  });

  it("stays within the smaller budget if it gives addresses of what can be served as files", async () => {
    const { gzipBytes } = await measureSize(WITH_URLS, ROOT);
    expect(gzipBytes).toBeGreaterThan(5_000);
    expect(gzipBytes).toBeLessThanOrEqual(budget.withUrlsBytes);
  });
});

describe("a speech service's dialect", () => {
  const sizeOf = (name: string, entry: string) =>
    measureSize(
      { packageName: "loquilex", captures: false, code: `import { ${name} } from "${entry}"; console.log(${name});` },
      ROOT,
    );
  const sizes: [string, number][] = [];
  let commonBytes = 0;

  beforeAll(async () => {
    commonBytes = (await sizeOf("dialectTransport", "loquilex/dialects")).gzipBytes;
    sizes.push(["what all have in common", commonBytes]);
  });

  afterAll(() => {
    console.log(sizes.map(([name, bytes]) => `${(bytes / 1_000).toFixed(1)} kB  ${name}`).join("\n"));
  });

  it("is measured if it is in the package", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: object };
    const entries = Object.keys(exports).flatMap((entry) => /^\.\/dialects\/(.+)/.exec(entry)?.[1] ?? []);
    expect(entries).toEqual(Object.keys(DIALECTS));
  });

  it.each(Object.entries(DIALECTS))(
    "%s adds no more than the budget to what all dialects have in common",
    async (entry, name) => {
      const added = (await sizeOf(name, `loquilex/dialects/${entry}`)).gzipBytes - commonBytes;
      sizes.push([name, added]);
      expect(added).toBeGreaterThan(300);
      expect(added).toBeLessThanOrEqual(budget.dialectBytes);
    },
  );

  it("adds nothing to an application that uses none", async () => {
    const { byOrigin } = await measureSize(WHOLE, ROOT);
    expect([...byOrigin.keys()].filter((origin) => origin.includes("dialects"))).toEqual([]);
    const speaksDialects = (file: string): boolean =>
      readFileSync(join(ROOT, "dist", file), "utf8").includes("api.deepgram.com");
    expect(speaksDialects("loquilex.dialects.worker.js")).toBe(true);
    for (const file of ["loquilex.worker.js", "loquilex.iife.js", "inside/running-side.js"])
      expect(speaksDialects(file), file).toBe(false);
  });
});
