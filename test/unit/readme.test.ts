import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as sdk from "loquilex";
import { AudioStream, type AudioStreamOptions, createMicrophoneStream, DEFAULTS } from "loquilex";
import { describe, expect, test } from "vitest";
import { SETTINGS, type Setting } from "../../examples/server/start/settings.js";
import { TRANSITIONS } from "../../src/state.js";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const readme = read("README.md");
const manifest = JSON.parse(read("package.json")) as {
  readonly scripts: Record<string, string>;
  readonly exports: Record<string, unknown>;
  readonly engines: { readonly node: string };
};

/** The rows of the first table below a heading, without its own head. */
function table(heading: string): string[][] {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

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
    for (const [name] of readme.matchAll(/\bLX_[A-Z_]+\b/g)) expect(known).toContain(name);
  });
});

describe("what the README refers to exists", () => {
  test("files and folders", () => {
    const links = Array.from(readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, path]) => path ?? "");
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("headings", () => {
    const anchors = Array.from(readme.matchAll(/^#+ (.+)$/gm), ([, title]) =>
      (title ?? "").toLowerCase().replace(/ /g, "-"),
    );
    for (const [, anchor] of readme.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
  });

  test("entry points of the package", () => {
    for (const [, path] of readme.matchAll(/`loquilex\/([\w.-]+)`/g)) {
      expect(Object.keys(manifest.exports)).toContain(`./${path}`);
    }
  });

  test("npm scripts", () => {
    const scripts = Array.from(readme.matchAll(/npm run ([\w-]+)/g), ([, script]) => script ?? "");
    if (/npm start/.test(readme)) scripts.push("start");
    if (/npm test/.test(readme)) scripts.push("test");
    for (const script of scripts) expect(Object.keys(manifest.scripts)).toContain(script);
  });

  test("the version of Node", () => {
    const [, version] = /Node (\d+\.\d+) or newer/.exec(readme) ?? [];
    expect(manifest.engines.node).toBe(`>=${version}.0`);
  });
});
