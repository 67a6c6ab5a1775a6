/// <reference types="vitest/config" />
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { minify } from "terser";
import { build, defineConfig, type Plugin, type UserConfig } from "vite";
import { protocolFiles } from "./.config/protocol-files.js";
import { BUILD_STAMP, hashBuildInputs } from "./examples/server/start/build-inputs.js";

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Services that a stream can speak with by their own protocols: an entry for each, `loquilex/dialects/NAME`. */
const DIALECTS = [
  "assemblyai",
  "deepgram",
  "deepgram-flux",
  "elevenlabs",
  "gladia",
  "openai",
  "sherpa-onnx",
  "soniox",
  "speechmatics",
  "vosk",
  "whisper-live",
] as const;

const dialectSources = (prefix: string): Record<string, string> =>
  Object.fromEntries(DIALECTS.map((name) => [`${prefix}dialects/${name}`, fromHere(`./src/dialects/${name}.ts`)]));

const PACKAGE_SOURCES = {
  ...dialectSources("loquilex/"),
  "loquilex/dialects": fromHere("./src/dialects/index.ts"),
  "loquilex/journal": fromHere("./src/journal/index.ts"),
  "loquilex/protocol": fromHere("./src/protocol/index.ts"),
  "loquilex/resources": fromHere("./src/resources.ts"),
  "loquilex/react": fromHere("./src/react/index.ts"),
  "loquilex/element": fromHere("./src/element/index.ts"),
  "loquilex/mix": fromHere("./src/mix/index.ts"),
  "loquilex/recording": fromHere("./src/recording/index.ts"),
  "loquilex/awake": fromHere("./src/awake/index.ts"),
  "loquilex/playback": fromHere("./src/playback/index.ts"),
  "loquilex/gate": fromHere("./src/gate/index.ts"),
  loquilex: fromHere("./src/index.ts"),
};

/** A script that runs in a world of its own, and cannot share the page's module graph. */
interface OwnScript {
  /** Its file in `dist` without the ending, and its module in the source: `virtual:` and the name with hyphens. */
  readonly name: string;
  readonly entry: string;
}

/**
 * Bundles a script of its own into one minified file without a source map. Its code is offered as text (`virtual:…`, loaded
 * from a blob by default) and emitted as a file for pages whose policy forbids blobs. Both are the same text.
 */
function ownScript({ name, entry }: OwnScript): Plugin {
  const id = `virtual:${name.replaceAll(".", "-")}`;
  const resolvedId = `\0${id}`;
  let code: Promise<string> | undefined;
  return {
    name: `own-script-${name}`,
    buildStart() {
      code = undefined;
    },
    resolveId: (source) => (source === id ? resolvedId : undefined),
    async load(moduleId) {
      if (moduleId !== resolvedId) return;
      this.addWatchFile(entry);
      code ??= bundleScript(entry);
      return `export default ${JSON.stringify(await code)};`;
    },
    async generateBundle() {
      code ??= bundleScript(entry);
      this.emitFile({ type: "asset", fileName: `${name}.js`, source: await code });
    },
  };
}

/** The variable that holds what a script exports. */
const SCRIPT_EXPORTS = "running";

/**
 * Vite minifies the form of a script whole, but leaves a module that is a library its white space. What Vite has minified is
 * text that no bundler of an application touches any more; Terser takes another part in a hundred out of it. By itself,
 * Terser would leave the names of private members as they are.
 */
async function bundleScript(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      minify: true,
      target: "es2022",
      lib: { entry, formats: ["iife"], name: SCRIPT_EXPORTS, fileName: "script" },
    },
  });
  const output = (Array.isArray(result) ? result[0] : result) as { output: { code?: string }[] };
  const whole = output.output[0]?.code;
  if (whole === undefined) throw new Error(`${entry} produced no code.`);
  const { code } = await minify(whole, { ecma: 2020, compress: { passes: 3, sequences: false } });
  if (code === undefined) throw new Error(`Terser made nothing of ${entry}.`);
  return `${code}\n`;
}

/** Bundles a module into the text of one self-contained function, which returns what the module exports. */
const functionOf = async (entry: string): Promise<string> =>
  `function(){"use strict";${(await bundleScript(entry)).trim()}return ${SCRIPT_EXPORTS}}`;

/**
 * Puts self-contained functions in the places of `host/running/running-code.ts`, `frames/opus/opus-code.ts` and
 * `playback/playback-code.ts`. The page calls them, and a worker gets them as text, so that the package carries each once. The function of
 * `dialects/worker/dialect-code.ts` is for workers alone, since a page has the one dialect that it imports. All of them are
 * emitted as files, too, for pages whose policy forbids blobs.
 */
function workerCode(): Plugin {
  const running = fromHere("./src/host/running/running-code.ts");
  const opus = fromHere("./src/frames/opus/opus-code.ts");
  const dialects = fromHere("./src/dialects/worker/dialect-code.ts");
  const playback = fromHere("./src/playback/playback-code.ts");
  /** The page takes this module from the running side. */
  const socket = fromHere("./src/transport/socket.ts");
  const bundleOf = (module: string): string => module.replace(/\.ts$/, "-bundle.ts");
  let functions: Record<string, Promise<string>> = {};
  const makeCode = (module: string): Promise<string> => {
    functions[module] ??= functionOf(bundleOf(module));
    return functions[module];
  };
  const modules: Record<string, readonly string[]> = {
    [running]: [
      "export const { pageHost, openSocket } = make();",
      "export const workerSource = (encoder, transports, playback) =>",
      `  "(" + make + ")().serveWorker(self, " + encoder + ", " + transports + ", " + playback + ");";`,
    ],
    [opus]: [
      // Not called before it is needed, so that a bundler sees that nothing happens.
      "const openOpus = (...given) => make().openOpus(...given);",
      `const opusSource = () => "(" + make + ")().openOpus";`,
      "export { openOpus, opusSource };",
    ],
    [playback]: [
      "const openPlayback = (...given) => make().openPlayback(...given);",
      `const playbackSource = () => "(" + make + ")().openPlayback";`,
      "export { openPlayback, playbackSource };",
    ],
    [dialects]: [`export const transportSource = () => "(" + make + ")().makeTransport";`],
  };
  return {
    name: "worker-code",
    enforce: "pre",
    buildStart() {
      functions = {};
    },
    async resolveId(source, importer) {
      if (!source.endsWith("/socket.js")) return;
      return (await this.resolve(source, importer, { skipSelf: true }))?.id === socket ? running : undefined;
    },
    async load(id) {
      const lines = modules[id];
      if (lines === undefined) return;
      this.addWatchFile(bundleOf(id));
      return [`const make = ${await makeCode(id)};`, ...lines].join("\n");
    },
    async generateBundle() {
      const [run, encode, play, speak] = await Promise.all([running, opus, playback, dialects].map(makeCode));
      const emit = (fileName: string, ...parts: readonly string[]): void => {
        this.emitFile({ type: "asset", fileName, source: `(${run})().serveWorker(self, ${parts.join(", ")});\n` });
      };
      const [encoder, player] = [`(${encode})().openOpus`, `(${play})().openPlayback`];
      emit("loquilex.worker.js", encoder, "undefined", player);
      emit("loquilex.dialects.worker.js", encoder, `(${speak})().makeTransport`, player);
    },
  };
}

/** The scripts of the audio thread, of which no source can do without the first. */
const workletScripts = (): Plugin[] => [
  ownScript({ name: "capture.worklet", entry: fromHere("./src/worklet/capture.worklet.ts") }),
  ownScript({ name: "gated-capture.worklet", entry: fromHere("./src/worklet/gated-capture.worklet.ts") }),
  ownScript({ name: "playback.worklet", entry: fromHere("./src/playback/player/player.worklet.ts") }),
];

/** The script of the worker that keeps audio on the disk, which only `loquilex/journal` starts. */
const journalScript = (): Plugin =>
  ownScript({ name: "loquilex.journal.worker", entry: fromHere("./src/journal/worker/journal.worker.ts") });

/** The scripts of their own that the package carries. */
const ownScripts = (): Plugin[] => [...workletScripts(), workerCode()];

/** Says from what everything was built, so that `npm start` builds again only after a change. The demo is built last. */
function buildStamp(): Plugin {
  let inputs = "";
  return {
    name: "build-stamp",
    buildStart() {
      inputs = hashBuildInputs(fromHere("./"));
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: basename(BUILD_STAMP), source: inputs });
    },
  };
}

/** What is loaded when it is needed first, by the module that it is made of; other parts that entries share have a hash. */
const LATE_PARTS: Record<string, string> = {
  "\0virtual:capture-worklet": "inside/worklet.js",
  "\0virtual:playback-worklet": "inside/player.js",
  "\0virtual:loquilex-journal-worker": "inside/journal.js",
  "\0virtual:gated-capture-worklet": "inside/gated-worklet.js",
  [fromHere("./src/host/running/running-code.ts")]: "inside/running-side.js",
  [fromHere("./src/dialects/worker/dialect-code.ts")]: "inside/dialects.js",
};

/**
 * `dist/index.js`, `dist/protocol.js`, `dist/resources.js`, the worklet and worker files, and in `dist/inside` the same code
 * for pages that do not name these files.
 */
const moduleBuild: UserConfig = {
  plugins: [...ownScripts(), journalScript(), protocolFiles()],
  build: {
    target: "es2022",
    sourcemap: true,
    minify: false,
    lib: {
      entry: {
        index: PACKAGE_SOURCES.loquilex,
        protocol: PACKAGE_SOURCES["loquilex/protocol"],
        resources: PACKAGE_SOURCES["loquilex/resources"],
        react: PACKAGE_SOURCES["loquilex/react"],
        element: PACKAGE_SOURCES["loquilex/element"],
        mix: PACKAGE_SOURCES["loquilex/mix"],
        playback: PACKAGE_SOURCES["loquilex/playback"],
        recording: PACKAGE_SOURCES["loquilex/recording"],
        gate: PACKAGE_SOURCES["loquilex/gate"],
        awake: PACKAGE_SOURCES["loquilex/awake"],
        "dialects/index": PACKAGE_SOURCES["loquilex/dialects"],
        journal: PACKAGE_SOURCES["loquilex/journal"],
        ...dialectSources(""),
      },
      formats: ["es"],
    },
    rolldownOptions: {
      external: ["react"],
      output: {
        // For frameworks that render components on a server.
        banner: ({ name }) => (name === "react" ? '"use client";' : ""),
        chunkFileNames: ({ facadeModuleId }) => LATE_PARTS[facadeModuleId ?? ""] ?? "[name]-[hash].js",
      },
    },
  },
};

/** `dist/loquilex.iife.js`, global `LoquiLex`. */
const scriptTagBuild: UserConfig = {
  plugins: ownScripts(),
  build: {
    target: "es2022",
    sourcemap: true,
    minify: true,
    emptyOutDir: false,
    lib: {
      entry: PACKAGE_SOURCES.loquilex,
      name: "LoquiLex",
      formats: ["iife"],
      fileName: () => "loquilex.iife.js",
    },
  },
};

/** `dist/program.js`: what `npx loquilex` runs, in Node and on the built package. */
const programBuild: UserConfig = {
  build: {
    target: "node20",
    minify: true,
    emptyOutDir: false,
    lib: { entry: fromHere("./examples/conformance/main.ts"), formats: ["es"], fileName: () => "program.js" },
    rolldownOptions: { external: [/^node:/, /^loquilex\//] },
  },
};

/** `dist/demo`: the demo page against the built package, as an application would bundle it. */
const demoBuild: UserConfig = {
  root: fromHere("./examples/demo"),
  base: "./",
  plugins: [buildStamp()],
  // The longer name first: an alias also takes what begins with it.
  resolve: {
    alias: {
      "loquilex/journal": fromHere("./dist/journal.js"),
      "loquilex/resources": fromHere("./dist/resources.js"),
      loquilex: fromHere("./dist/index.js"),
    },
  },
  build: {
    target: "es2022",
    outDir: fromHere("./dist/demo"),
    emptyOutDir: true,
    // A server that is stopped after the page has loaded must not keep the demo from starting.
    rolldownOptions: { output: { codeSplitting: false } },
  },
};

const builds: Record<string, UserConfig> = {
  production: moduleBuild,
  iife: scriptTagBuild,
  program: programBuild,
  demo: demoBuild,
};

export default defineConfig(async ({ mode }) => {
  const config = builds[mode];
  if (config !== undefined) return config;
  // Only now, because it loads vitest, which a build does not need.
  const { LongestFirst } = await import("./test/support/longest-first.js");
  const project = (name: string, environment: "node" | "happy-dom", more: object = {}) => ({
    extends: true as const,
    test: {
      name,
      environment,
      include: [`test/${name}/**/*.test.ts`],
      setupFiles: ["test/support/watch-resources.ts", "test/support/load-late-modules.ts"],
      ...more,
    },
  });
  const IN_WORKERS = {
    exclude: [
      // These choose where streams run by themselves.
      "test/dom/worker-host.test.ts",
      "test/dom/late-code.test.ts",
    ],
    setupFiles: [
      "test/support/watch-resources.ts",
      "test/support/load-late-modules.ts",
      "test/support/streams-in-workers.ts",
    ],
  };
  const PLANTED_BUGS = ["test/simulation/*-mutants.test.ts"];
  const SIMULATED = {
    testTimeout: 300_000,
    setupFiles: ["test/support/watch-resources.ts", "test/support/give-way.ts"],
  };
  return {
    plugins: [...workletScripts(), journalScript()],
    resolve: { alias: PACKAGE_SOURCES },
    test: {
      // All processors, of which vitest leaves one free by itself: half of a small machine.
      maxWorkers: availableParallelism(),
      sequence: { sequencer: LongestFirst },
      projects: [
        project("unit", "node", { testTimeout: 30_000 }),
        project("dom", "happy-dom", { testTimeout: 30_000, ...(process.env.LX_HOST === "worker" ? IN_WORKERS : {}) }),
        project("simulation", "node", { ...SIMULATED, exclude: PLANTED_BUGS }),
        // Proofs that the simulation finds what is wrong: with `npm run test:more`, behind it.
        project("more-mutants", "node", { ...SIMULATED, include: PLANTED_BUGS, sequence: { groupOrder: 1 } }),
        // Real time, sockets and processes: what a busy machine delayed gets a second try, what is wrong fails both.
        project("integration", "node", { testTimeout: 60_000, retry: 1 }),
        project("package", "node", { testTimeout: 120_000, hookTimeout: 120_000 }),
        project("browser", "node", {
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // After the others: what a page does within a tenth of a second is not to be measured beside them.
          sequence: { groupOrder: 1 },
          setupFiles: ["test/support/watch-resources.ts", "test/support/watch-pages.ts"],
          globalSetup: ["test/support/find-chromium.ts"],
        }),
        // What needs packages or minutes of its own: `npm run test:more`.
        project("more", "node", {
          retry: 1,
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          setupFiles: ["test/support/watch-resources.ts", "test/support/watch-pages.ts"],
          globalSetup: ["test/more/setup.ts"],
        }),
        // One suite in every browser engine that the machine has, each with a virtual microphone. Two at a time, because they
        // wait for speech most of the time.
        project("engines", "node", {
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
          // A microphone that is plugged in again outlives its scene; the stage ends everything it has.
          setupFiles: [],
          globalSetup: ["test/support/engines/find-engines.ts"],
        }),
      ],
    },
  };
});
