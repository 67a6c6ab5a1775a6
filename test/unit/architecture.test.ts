import { describe, expect, it } from "vitest";
import { codeOf, filesIn, type Import, importsOf, textOf } from "../support/source-files.js";

const SOURCES = filesIn(["src"], /\.ts$/).filter((path) => !path.endsWith(".d.ts"));
const EXAMPLES = filesIn(["examples"], /\.(?:ts|js|mjs)$/);
const CONFORMANCE = EXAMPLES.filter((path) => path.startsWith("examples/conformance/"));

/** What may import what. A file falls under the first rule that names it. */
interface Rule {
  readonly of: RegExp;
  readonly may: readonly RegExp[];
  /** Types only, which are gone when the code runs. */
  readonly typesOf: readonly RegExp[];
}

const INTERNAL = /^src\/internal\//;
const PROTOCOL = /^src\/protocol\//;
const ERRORS = /^src\/errors$/;
const PORTS = /^src\/(?:capture\/(?:source|gate)|transport\/transport)$/;
/** The part of the capture that is on the running side. */
const INLET = /^src\/capture\/inlet\//;
/** What an audio-thread module is called, and where its code is. */
const CAPTURE_MODULE = /^src\/capture\/graph\/processor\/capture-module$/;
const ADAPTERS = /^src\/(?:capture\/microphone\/microphone(?:-options)?|transport\/websocket)$/;
const CAPTURE = /^src\/capture\//;
const JOURNAL = /^src\/journal\//;
const FRAMES = /^src\/frames\//;
const SESSION = /^src\/session\//;
const STREAM = /^src\/stream\//;
const TRANSCRIPT = /^src\/transcript\//;
const RECORDER = /^src\/recorder\//;
const MICROPHONES = /^src\/capture\/microphone\/microphones$/;
const MIX = /^src\/mix\//;
const PLAYBACK = /^src\/playback\//;
const RECORDING = /^src\/recording\//;
const ROOT_FILES = /^src\/[\w-]+$/;
const ANYTHING = /^src\//;

const RULES: readonly Rule[] = [
  {
    of: /^src\/capture\/source\.ts$/,
    may: [],
    typesOf: [ERRORS, PROTOCOL, INTERNAL, INLET, PORTS, /^src\/worklet\/port-messages$/],
  },
  {
    of: /^src\/capture\/gate\.ts$/,
    may: [],
    typesOf: [PORTS, /^src\/worklet\/(?:port-messages|capture-pipeline)$/, CAPTURE_MODULE],
  },
  { of: /^src\/transport\/transport\.ts$/, may: [], typesOf: [PROTOCOL, INTERNAL, PORTS] },
  { of: INTERNAL, may: [INTERNAL], typesOf: [] },
  { of: PROTOCOL, may: [PROTOCOL], typesOf: [] },
  { of: /^src\/worklet\//, may: [/^src\/worklet\//, PROTOCOL], typesOf: [] },
  {
    // Its audio thread is the page.
    of: /^src\/capture\/samples\//,
    may: [CAPTURE, ERRORS, INTERNAL, /^src\/worklet\/(?:port-messages|capture-pipeline)$/],
    typesOf: [],
  },
  {
    of: CAPTURE,
    may: [CAPTURE, ERRORS, INTERNAL, /^src\/worklet\/port-messages$/, /^virtual:capture-worklet$/],
    typesOf: [],
  },
  { of: /^src\/transport\//, may: [/^src\/transport\//, ERRORS, INTERNAL, PROTOCOL], typesOf: [] },
  {
    of: /^src\/dialects\//,
    may: [/^src\/dialects\//, ERRORS, INTERNAL, PROTOCOL, /^src\/transport\/(?:web(?:socket|-address)|portable)$/],
    typesOf: [PORTS],
  },
  {
    // A source that is made of two.
    of: MIX,
    may: [
      MIX,
      /^src\/capture\/(?:graph\/processor\/processor-settings|media-errors)$/,
      /^src\/frames\/frame-check$/,
      /^src\/worklet\/(?:encoder|framer|port-messages|resampler\/low-pass-filter)$/,
      ERRORS,
      INTERNAL,
    ],
    typesOf: [PORTS],
  },
  { of: FRAMES, may: [FRAMES, ERRORS, INTERNAL, PROTOCOL], typesOf: [PORTS, INLET] },
  { of: SESSION, may: [SESSION, ERRORS, INTERNAL, PROTOCOL], typesOf: [] },
  {
    of: PLAYBACK,
    may: [PLAYBACK, /^src\/frames\/mute-switch$/, ERRORS, INTERNAL, PROTOCOL, /^virtual:playback-worklet$/],
    typesOf: [SESSION, PORTS, INLET, /^src\/host\/imported-playback$/],
  },
  {
    of: RECORDING,
    may: [
      RECORDING,
      /^src\/frames\/opus\/open-opus$/,
      /^src\/worklet\/(?:gate\/frame-reader|resampler\/resampler)$/,
      ERRORS,
      INTERNAL,
      PROTOCOL,
    ],
    typesOf: [
      PORTS,
      /^src\/host\/imported-recording$/,
      /^src\/frames\/imported-encoding$/,
      /^src\/worklet\/port-messages$/,
    ],
  },
  {
    of: /^src\/host\//,
    may: [
      /^src\/host\//,
      INLET,
      FRAMES,
      SESSION,
      PORTS,
      /^src\/transport\/(?:websocket|socket|portable)$/,
      ERRORS,
      /^src\/version$/,
      INTERNAL,
      /^src\/protocol\/(?:audio-frame|close-codes|limits)$/,
    ],
    typesOf: [PROTOCOL, /^src\/worklet\/port-messages$/],
  },
  {
    // Its pure part: what is written where, and what can be made of it.
    of: /^src\/journal\/log\//,
    may: [/^src\/journal\/log\//, INTERNAL, PROTOCOL],
    typesOf: [SESSION],
  },
  {
    of: JOURNAL,
    may: [
      JOURNAL,
      /^virtual:loquilex-journal-worker$/,
      /^src\/host\/(?:lock\/session-lock|running\/running-code-loader|worker\/restored)$/,
      /^src\/stream\/options\/resolve-options$/,
      /^src\/transport\/websocket$/,
      /^src\/version$/,
      ERRORS,
      INTERNAL,
      PROTOCOL,
    ],
    typesOf: [SESSION, STREAM, PORTS, /^src\/host\//],
  },
  // An option's default is where the option is.
  { of: /^src\/stream\/options\/defaults\.ts$/, may: [/^src\/capture\/microphone\/microphone-options$/], typesOf: [] },
  {
    of: STREAM,
    may: [STREAM, FRAMES, ROOT_FILES, INTERNAL, PORTS, /^src\/host\//, /^src\/protocol\/(?:audio-frame|opus-packet)$/],
    typesOf: [SESSION, PROTOCOL, PLAYBACK, RECORDING, /^src\/gate\/speech-event$/],
  },
  {
    of: /^src\/gate\//,
    may: [
      /^src\/gate\//,
      INTERNAL,
      /^src\/worklet\/(?:gate\/gated-(?:pipeline|processor-name))$/,
      /^virtual:gated-capture-worklet$/,
    ],
    typesOf: [PORTS, CAPTURE_MODULE, /^src\/worklet\/port-messages$/],
  },
  { of: TRANSCRIPT, may: [TRANSCRIPT, INTERNAL], typesOf: [STREAM] },
  { of: /^src\/awake\//, may: [/^src\/awake\//, INTERNAL], typesOf: [STREAM] },
  { of: RECORDER, may: [RECORDER, INTERNAL], typesOf: [STREAM, ROOT_FILES] },
  {
    of: /^src\/react\//,
    may: [/^src\/react\//, /^react$/, RECORDER, TRANSCRIPT, /^src\/microphone-stream$/, MICROPHONES],
    typesOf: [STREAM, PORTS],
  },
  {
    of: /^src\/element\//,
    may: [
      /^src\/element\//,
      RECORDER,
      TRANSCRIPT,
      /^src\/microphone-stream$/,
      /^src\/stream\/level-meter$/,
      MICROPHONES,
      ERRORS,
      INTERNAL,
    ],
    typesOf: [STREAM, PORTS],
  },
  { of: /^src\/index\.ts$/, may: [ANYTHING], typesOf: [] },
  { of: /^src\/resources\.ts$/, may: [INTERNAL], typesOf: [] },
  {
    of: /^src\/microphone-stream\.ts$/,
    // The last two are what it begins to load.
    may: [STREAM, ROOT_FILES, ADAPTERS, PORTS, INTERNAL, CAPTURE_MODULE, /\/running-code-loader$/],
    typesOf: [],
  },
  {
    of: /^src\/support\.ts$/,
    may: [ROOT_FILES, INTERNAL, /^src\/capture\/(?:requirements|microphone\/permission\/permission)$/],
    typesOf: [],
  },
  { of: /^src\/[\w-]+\.ts$/, may: [ROOT_FILES], typesOf: [PORTS] },
];

const isAllowed = ({ target, typesOnly }: Import, rule: Rule): boolean =>
  [...rule.may, ...(typesOnly ? rule.typesOf : [])].some((pattern) => pattern.test(target));

describe("who may import whom", () => {
  it("finds the imports it judges", () => {
    expect(SOURCES.length).toBeGreaterThan(50);
    expect(importsOf("src/state.ts")).toEqual([{ specifier: "./errors.js", target: "src/errors", typesOnly: true }]);
    const driver = importsOf("src/host/running/driver.ts").map(
      ({ target, typesOnly }) => `${target}${typesOnly ? ", types" : ""}`,
    );
    expect(driver).toEqual(expect.arrayContaining(["src/errors", "src/session/session, types", "src/internal/abort"]));
    expect(importsOf("src/index.ts").length).toBeGreaterThan(10);
  });

  it.each(SOURCES)("%s keeps to the table", (path) => {
    const rule = RULES.find(({ of }) => of.test(path));
    if (rule === undefined) throw new Error("No rule names this file.");
    expect(importsOf(path).filter((imported) => !isAllowed(imported, rule))).toEqual([]);
  });

  it.each(SOURCES)("%s writes its imports with their .js ending", (path) => {
    const wrong = importsOf(path).filter(({ specifier }) => specifier.startsWith(".") && !specifier.endsWith(".js"));
    expect(wrong).toEqual([]);
  });

  it.each(filesIn(["src/dialects"], /^src\/dialects\/[\w-]+\.ts$/))("%s has fewer than 250 lines", (path) => {
    expect(textOf(path).split("\n").length).toBeLessThan(250);
  });

  it("has no circle of modules that need each other when they run", () => {
    const needs = new Map(
      SOURCES.map((path) => [
        path.replace(/\.ts$/, ""),
        importsOf(path).flatMap(({ target, typesOnly }) => (typesOnly ? [] : [target])),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (module: string, way: readonly string[]): void => {
      if (way.includes(module)) circles.push([...way, module].join(" → "));
      if (done.has(module) || way.includes(module)) return;
      for (const next of needs.get(module) ?? []) visit(next, [...way, module]);
      done.add(module);
    };
    for (const module of needs.keys()) visit(module, []);
    expect(circles).toEqual([]);
  });

  it("has no file that nothing imports", () => {
    const used = new Set(SOURCES.flatMap((path) => importsOf(path).map(({ target }) => `${target}.ts`)));
    const entries = [
      "src/index.ts",
      "src/resources.ts",
      "src/protocol/index.ts",
      "src/react/index.ts",
      "src/element/index.ts",
      "src/mix/index.ts",
      "src/playback/index.ts",
      "src/recording/index.ts",
      "src/awake/index.ts",
      "src/journal/index.ts",
      "src/journal/worker/journal.worker.ts",
      ...filesIn(["src/dialects"], /^src\/dialects\/[\w-]+\.ts$/),
      "src/worklet/capture.worklet.ts",
      "src/playback/player/player.worklet.ts",
      "src/playback/playback-code-bundle.ts",
      "src/host/running/running-code-bundle.ts",
      "src/frames/opus/opus-code-bundle.ts",
      "src/dialects/worker/dialect-code-bundle.ts",
      "src/gate/index.ts",
      "src/worklet/gated-capture.worklet.ts",
    ];
    expect(SOURCES.filter((path) => !used.has(path) && !entries.includes(path))).toEqual([]);
  });
});

describe("the examples", () => {
  const PUBLIC = ["loquilex", "loquilex/journal", "loquilex/protocol", "loquilex/resources"];
  const packages = Object.keys((JSON.parse(textOf("package.json")) as { devDependencies: object }).devDependencies);
  const nameOf = (specifier: string): string => specifier.split("/")[0] ?? "";

  it.each(EXAMPLES)("%s uses the package by its public names, its own files, and what is installed", (path) => {
    const own = path.split("/").slice(0, 2).join("/");
    const wrong = importsOf(path).filter(({ specifier, target }) => {
      if (specifier.startsWith(".")) return !target.startsWith(`${own}/`);
      if (specifier.startsWith("loquilex")) return !PUBLIC.includes(specifier);
      if (own === "examples/say-one-of-these" && specifier === "soundswallower") return false;
      // A page has neither Node nor packages beside the one it shows.
      if (!/^examples\/(?:(?:minimal-)?server|cluster|conformance)\//.test(path)) return true;
      // Vite brings esbuild, which the benchmark of a bare checkout needs no other way.
      return !specifier.startsWith("node:") && ![...packages, "esbuild"].includes(nameOf(specifier));
    });
    expect(wrong).toEqual([]);
  });

  it("show the package as an application sees it: the demo page needs nothing else", () => {
    const used = EXAMPLES.filter((path) => path.startsWith("examples/demo/")).flatMap((path) =>
      importsOf(path).flatMap(({ specifier }) => (specifier.startsWith(".") ? [] : [specifier])),
    );
    expect([...new Set(used)].sort()).toEqual(["loquilex", "loquilex/journal", "loquilex/resources"]);
  });
});

describe("the conformance kit", () => {
  it.each(CONFORMANCE)(
    "%s uses the package by its public names, its own files and Node, and no other package",
    (path) => {
      const wrong = importsOf(path).filter(({ specifier, target }) =>
        specifier.startsWith(".")
          ? !target.startsWith("examples/conformance/")
          : !specifier.startsWith("node:") && !["loquilex/protocol", "loquilex/resources"].includes(specifier),
      );
      expect(wrong).toEqual([]);
    },
  );
});

describe("pure parts", () => {
  /** Everything that makes a run depend on when, where and by what luck it happens. */
  const WORLD =
    /\b(?:performance|Date|Math\.random|crypto|navigator|localStorage|console|WebSocket|XMLHttpRequest|fetch|queueMicrotask)\b(?!:)/;
  const PAGE = /\b(?:window|document)\./;

  it.each(SOURCES.filter((path) => /^src\/(?:session|protocol|journal\/log)\//.test(path)))(
    "%s touches no clock, no luck, no network and no page",
    (path) => {
      const lines = codeOf(path).split("\n");
      expect(lines.filter((line) => WORLD.test(withoutStrings(line)) || PAGE.test(line))).toEqual([]);
    },
  );

  it("the source reads the wall clock nowhere, and draws luck in one place on each side", () => {
    expect(SOURCES.filter((path) => /\bDate\b/.test(withoutStrings(codeOf(path))))).toEqual([]);
    expect(SOURCES.filter((path) => /\bMath\.random\b/.test(codeOf(path)))).toEqual([
      "src/host/worker/worker-side.ts",
      "src/stream/audio-stream.ts",
    ]);
  });

  it("the audio thread's code has no page and no network", () => {
    const worklet = SOURCES.filter((path) => path.startsWith("src/worklet/"));
    expect(worklet.filter((path) => PAGE.test(codeOf(path)) || /\bfetch\(/.test(codeOf(path)))).toEqual([]);
  });
});

describe("house style", () => {
  const ALL = [...SOURCES, ...EXAMPLES];

  it.each<readonly [string, RegExp]>([
    ["no export of everything", /^\s*export\s+\*/m],
    ["no enum", /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s/m],
    ["no namespace", /^\s*(?:export\s+)?(?:declare\s+)?(?:namespace|module)\s+[\w"]/m],
    ["no private keyword, since # is private", /^\s*(?:private|protected)\s/m],
    ["no silenced type check", /@ts-(?:ignore|nocheck|expect-error)/],
    ["no default export", /^\s*export\s+default\b/m],
    ["no debugger", /\bdebugger\b/],
  ])("%s", (_, forbidden) => {
    expect(ALL.filter((path) => forbidden.test(textOf(path)))).toEqual([]);
  });

  it("no file is longer than three hundred lines", () => {
    expect(ALL.filter((path) => textOf(path).split("\n").length - 1 > 300)).toEqual([]);
  });

  it("each file with a class is named after it", () => {
    const classes = ALL.flatMap((path) =>
      Array.from(codeOf(path).matchAll(/^export (?:abstract )?class (\w+)/gm), ([, name = ""]) => ({ path, name })),
    );
    const fits = ({ path, name }: { path: string; name: string }): boolean => {
      const file = path.split("/").at(-1)?.replace(/\.ts$/, "") ?? "";
      const words = name.replaceAll(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
      return words === file || words.endsWith(`-${file}`) || /(?:Error|Event|Refusal)$/.test(name);
    };
    expect(classes.length).toBeGreaterThan(20);
    expect(classes.filter((found) => !fits(found))).toEqual([]);
  });

  it("nothing is left to do, and nothing speaks of anything but the product", () => {
    const unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "XX" + "X"];
    const elsewhere = ["/wo" + "rk/", "clau" + "de", "anthro" + "pic", "chat" + "gpt"];
    const words = new RegExp(
      `\\b(?:${unfinished.join("|")})\\b|${elsewhere.map((word) => `(?:${word})`).join("|")}`,
      "i",
    );
    const texts = [
      ...ALL,
      ...filesIn(["test"], /\.(?:ts|js|mjs|md|html)$/),
      ...filesIn(["src", "examples", "docs"], /\.(?:md|html|css)$/),
      "README.md",
      "CHANGELOG.md",
      "package.json",
      "vite.config.ts",
    ];
    // Addresses of repositories may hold any name.
    const withoutAddresses = (text: string): string => text.replaceAll(/[\w.-]+\/[\w.-]+#\d+/g, "");
    expect(
      texts.filter((path) =>
        words.test(withoutAddresses(textOf(path)).replaceAll(".todo", "").replaceAll("|todo|", "|")),
      ),
    ).toEqual([]);
  });
});

function withoutStrings(code: string): string {
  return code.replaceAll(/"[^"\n]*"|`[^`]*`/g, '""');
}
