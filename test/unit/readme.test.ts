import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import * as sdk from "loquilex";
import { AudioStream, type AudioStreamOptions, createMicrophoneStream, DEFAULTS } from "loquilex";
import { describe, expect, test } from "vitest";
import { SETTINGS, type Setting } from "../../examples/server/start/settings.js";
import { TRANSITIONS } from "../../src/state.js";
import { MANUAL, type ManualPage, prose, table } from "../support/manual.js";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  readonly scripts: Record<string, string>;
  readonly exports: Record<string, unknown>;
  readonly engines: { readonly node: string };
};

/** What stands in code marks. */
const names = (cell: string | undefined): string[] =>
  Array.from((cell ?? "").matchAll(/`([^`]+)`/g), ([, name]) => name ?? "");
const column = (heading: string, index: number): string[] => table(heading).flatMap((row) => names(row[index]));
const sorted = (list: Iterable<string>): string[] => Array.from(list).sort();

/** The names of an interface's or a class's own readonly fields, as its source has them. */
function fields(source: string, declaration: string): string[] {
  const body = source.slice(source.indexOf(declaration)).split("\n}\n", 1)[0] ?? "";
  return Array.from(body.matchAll(/^ {2}(?:readonly )?"?([\w-]+)"?\??: /gm), ([, name]) => name ?? "");
}

/** `{ a: { b: 1 } }` becomes `a.b` with 1. */
function flat(object: object, prefix = ""): [string, unknown][] {
  return Object.entries(object).flatMap(([key, value]): [string, unknown][] =>
    typeof value === "object" && value !== null ? flat(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  );
}

describe("the options table", () => {
  const optionsSource = read("src/stream/options/options.ts");
  const rows = new Map(table("Options").map((row) => [names(row[0])[0] ?? "", row]));

  test("lists every option that the types have, and no other", () => {
    const nested = (prefix: string, declaration: string, source = optionsSource): string[] =>
      fields(source, declaration).map((name) => `${prefix}.${name}`);
    const top = fields(optionsSource, "interface AudioStreamOptions").filter((name) => name !== "replay");
    expect(sorted(rows.keys())).toEqual(
      sorted([
        ...top,
        ...nested("replay", "interface ReplayOptions"),
        ...nested("reconnect", "interface ReconnectOptions"),
        ...nested("heartbeat", "interface HeartbeatOptions"),
        ...nested("microphone", "interface MicrophoneOptions", read("src/capture/microphone/microphone-options.ts")),
      ]),
    );
  });

  const { pause, close, ...streamDefaults } = DEFAULTS;
  test.each(flat(streamDefaults))("says that the default of %s is %s", (name, value) => {
    expect(rows.get(name)?.[2]).toBe(`\`${typeof value === "string" ? JSON.stringify(value) : value}\``);
  });

  test("says the defaults of pause() and close() among the calls", () => {
    const calls = table("Calls").map(([call, what]) => `${call} ${what}`);
    expect(calls.find((call) => call.startsWith("`pause("))).toContain(`by default \`${pause.releaseDevice}\``);
    expect(calls.find((call) => call.startsWith("`close("))).toContain(`by default \`${close.timeoutMs}\``);
  });

  const ranges = Array.from(rows.values()).flatMap(([option = "", allowed = ""]) => {
    const range = /^(\d+) (?:to (\d+)|or more)$/.exec(allowed);
    return range === null ? [] : [[names(option)[0] ?? "", Number(range[1]), Number(range[2] ?? Infinity)] as const];
  });
  const make = (path: string, value: number): AudioStream => {
    const [first = "", second] = path.split(".");
    const options = { [first]: second === undefined ? value : { [second]: value } } as AudioStreamOptions;
    return createMicrophoneStream("wss://example.org/", options);
  };
  test.each(ranges)("says the limits of %s as they are: %d to %d", (option, min, max) => {
    expect(() => make(option, min)).not.toThrow();
    expect(() => make(option, max)).not.toThrow();
    expect(() => make(option, min - 1)).toThrow(RangeError);
    if (max !== Infinity) expect(() => make(option, max + 1)).toThrow(RangeError);
  });
  test("has a range for every number", () => {
    const numbers = flat(streamDefaults).filter(([, value]) => typeof value === "number");
    expect(sorted(ranges.map(([option]) => option))).toEqual(sorted(numbers.map(([name]) => name)));
  });
});

describe("the other tables of the SDK", () => {
  test("list every event, and no other", () => {
    expect(column("Events", 0)).toEqual(fields(read("src/stream/events/events.ts"), "interface AudioStreamEventMap"));
  });

  test("list the fields of every event of the SDK's own", () => {
    const source = read("src/stream/events/events.ts");
    const classes = {
      caption: "class CaptionEvent",
      reconnecting: "class ReconnectingEvent",
      reconnected: "class ReconnectedEvent",
      drop: "class DropEvent",
      error: "class StreamErrorEvent",
      warning: "class WarningEvent",
      close: "class CloseInfoEvent",
    };
    for (const [event, declaration] of Object.entries(classes)) {
      const row = table("Events").find(([name]) => name === `\`${event}\``);
      expect(names(row?.[1]), event).toEqual(fields(source, declaration));
    }
  });

  test("list every error code, and no other", () => {
    expect(column("Errors", 0)).toEqual(fields(read("src/errors.ts"), "interface AudioStreamErrorDetails"));
  });

  test("list every state, and no other", () => {
    expect(column("States", 0)).toEqual(Object.keys(TRANSITIONS));
  });

  test("list every figure, and no other", () => {
    expect(sorted(column("Stats", 0))).toEqual(sorted(fields(read("src/stream/stats.ts"), "interface StreamStats")));
  });

  test("list calls that exist", () => {
    for (const name of column("Calls", 0)) {
      const [call = ""] = name.split("(");
      expect(call in AudioStream.prototype || call in sdk, name).toBe(true);
    }
  });
});

describe("the reference backend's table", () => {
  test("lists every variable with its flag and its default, and no other", () => {
    const shown = (value: unknown): string => {
      const text = value === undefined ? "" : String(value);
      return text === "" ? "none" : `\`${text}\``;
    };
    expect(table("The reference backend").map((row) => row.slice(0, 3))).toEqual(
      (Object.values(SETTINGS) as Setting<unknown>[]).map(({ env, flag, fallback }) => [
        `\`${env}\``,
        flag === undefined ? "" : `\`--${flag}\``,
        shown(fallback),
      ]),
    );
  });

  test("names no variable that does not exist, here or elsewhere", () => {
    const ofTheTests = read("test/support/find-chromium.ts").match(/\bLX_[A-Z_]+\b/g) ?? [];
    const known = [...Object.values(SETTINGS).map(({ env }) => env), ...ofTheTests];
    for (const { path, text } of MANUAL) {
      for (const [name] of text.matchAll(/\bLX_[A-Z_]+\b/g)) expect(known, path).toContain(name);
    }
  });
});

/** Anchors as GitHub makes them of headings. */
const anchorsOf = (page: ManualPage): string[] =>
  Array.from(prose(page).matchAll(/^#+ (.+)$/gm), ([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

/** Links to files of the repository, and to headings in them. */
const linksOf = (page: ManualPage): { readonly target: string; readonly anchor: string | undefined }[] =>
  Array.from(prose(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g), ([, target = "", anchor]) => ({
    target: target === "" ? page.path : posix.join(posix.dirname(page.path), target),
    anchor,
  }));

describe.each(MANUAL)("what $path refers to exists", (page) => {
  const { text } = page;
  const links = linksOf(page);

  test("files and folders", () => {
    expect(links.filter(({ target }) => !existsSync(join(root, target)))).toEqual([]);
  });

  test("headings", () => {
    const missing = links.filter(({ target, anchor }) => {
      if (anchor === undefined || !target.endsWith(".md")) return false;
      return !anchorsOf({ path: target, text: read(target) }).includes(anchor);
    });
    expect(missing).toEqual([]);
  });

  test("entry points of the package", () => {
    for (const [, entry] of text.matchAll(/[`"]loquilex\/([a-z][\w.-]*)[`"?]/g)) {
      expect(Object.keys(manifest.exports)).toContain(`./${entry}`);
    }
  });

  test("npm scripts", () => {
    const scripts = Array.from(text.matchAll(/npm run ([\w:-]+)/g), ([, script]) => script ?? "");
    if (/npm start\b/.test(text)) scripts.push("start");
    if (/npm test\b/.test(text)) scripts.push("test");
    for (const script of scripts) expect(Object.keys(manifest.scripts)).toContain(script);
  });

  test("error codes", () => {
    const codes = column("Errors", 0);
    for (const [, code] of text.matchAll(/isAudioStreamError\(\w+, "([^"]+)"\)/g)) expect(codes).toContain(code);
  });
});

describe("the README", () => {
  const text = read("README.md");

  test("has less than 250 lines", () => {
    expect(text.split("\n").length - 1).toBeLessThan(250);
  });

  test("lists every npm script", () => {
    const listed = new Set(
      Array.from(text.matchAll(/`(?:npm (?:run )?)?([\w:-]+)(?: -- [^`]+)?`/g), ([, name]) => name),
    );
    expect(Object.keys(manifest.scripts).filter((script) => !listed.has(script))).toEqual([]);
  });
});

describe("the manual", () => {
  test("is all within reach of the README", () => {
    const linked = new Set(Array.from(read("README.md").matchAll(/\]\((docs\/[\w-]+\.md)/g), ([, target]) => target));
    expect(MANUAL.filter(({ path }) => path !== "README.md" && !linked.has(path)).map(({ path }) => path)).toEqual([]);
  });

  test("has links that these tests find", () => {
    const links = MANUAL.flatMap((page) => linksOf(page));
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(30);
  });

  test("says the version of Node", () => {
    const [, version] = /Node (\d+\.\d+) or newer/.exec(read("README.md")) ?? [];
    expect(manifest.engines.node).toBe(`>=${version}.0`);
  });
});
