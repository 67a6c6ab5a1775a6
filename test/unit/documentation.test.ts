import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/stream/options/defaults.js";
import { codeOf, filesIn, textOf } from "../support/source-files.js";

/** What applications import, by the name they import it under. */
const ENTRIES: readonly string[] = [
  "src/index.ts",
  "src/protocol/index.ts",
  "src/resources.ts",
  "src/react/index.ts",
  "src/element/index.ts",
];

interface PublicSymbol {
  readonly name: string;
  readonly file: string;
}

function symbolsOf(entry: string): PublicSymbol[] {
  const folder = entry.slice(0, entry.lastIndexOf("/"));
  return Array.from(codeOf(entry).matchAll(/export\s+(?:type\s+)?\{([^}]*)\}\s*from\s*"\.\/([^"]+)\.js"/g)).flatMap(
    ([, names = "", file = ""]) =>
      names.split(",").flatMap((part) => {
        const name = part.trim().replace(/^type\s+/, "");
        return name === "" ? [] : [{ name, file: `${folder}/${file}.ts` }];
      }),
  );
}

/** The comment right before the first declaration of a name. */
function commentOn({ name, file }: PublicSymbol): string | undefined {
  const declaration = new RegExp(
    `(?:(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/)\\n)?export (?:declare )?(?:async )?(?:class|function|const|interface|type) ${name}\\b`,
  );
  const found = declaration.exec(textOf(file));
  if (found === null) throw new Error(`${file} declares no ${name}.`);
  return found[1];
}

const words = (comment: string): string[] =>
  comment
    .replaceAll(/^\s*\/?\*+\/?|\*\/$/gm, "")
    .split(/\s+/)
    .filter((word) => word !== "");

describe.each(ENTRIES)("what %s offers", (entry) => {
  const symbols = symbolsOf(entry);

  it("is found by this test", () => {
    expect(symbols.length).toBeGreaterThan(2);
    const exported = Array.from(codeOf(entry).matchAll(/\bexport\b/g)).length;
    const lists = Array.from(codeOf(entry).matchAll(/export\s+(?:type\s+)?\{/g)).length;
    expect(lists).toBe(exported);
  });

  it.each(symbols)("$name says what it is", (symbol) => {
    const comment = commentOn(symbol);
    expect(comment, `${symbol.file} has no comment on ${symbol.name}`).toBeDefined();
    expect(words(comment ?? "").length).toBeGreaterThanOrEqual(2);
  });
});

/** A default as the comment writes it. */
function defaultIn(written: string): unknown {
  if (written === "Infinity") return Number.POSITIVE_INFINITY;
  if (/^[\d_]+(?:\.\d+)?$/.test(written)) return Number(written.replaceAll("_", ""));
  return JSON.parse(written);
}

interface DocumentedOption {
  readonly of: string;
  readonly name: string;
  readonly written: string;
}

const OPTIONS = "src/stream/options/options.ts";
/** Which part of the defaults an interface of options documents. */
const GROUPS: Readonly<Record<string, object>> = {
  AudioStreamOptions: DEFAULTS,
  ReplayOptions: DEFAULTS.replay,
  ReconnectOptions: DEFAULTS.reconnect,
  HeartbeatOptions: DEFAULTS.heartbeat,
  PauseOptions: DEFAULTS.pause,
  CloseOptions: DEFAULTS.close,
};

const documented: DocumentedOption[] = Array.from(
  textOf(OPTIONS).matchAll(/export interface (\w+)[^{]*\{([\s\S]*?)\n\}/g),
).flatMap(([, of = "", body = ""]) =>
  Array.from(body.matchAll(/@defaultValue (\S+)\s*\*\/\s*readonly (\w+)\?/g), ([, written = "", name = ""]) => ({
    of,
    name,
    written,
  })),
);

describe("the defaults in the comments", () => {
  it.each(documented)("$name of $of is $written", ({ of, name, written }) => {
    const group = GROUPS[of];
    expect(group, `no defaults belong to ${of}`).toBeDefined();
    expect(group).toHaveProperty(name);
    expect(defaultIn(written)).toEqual((group as Record<string, unknown>)[name]);
  });

  it("are all there: every default is in the comment on its option", () => {
    for (const [of, group] of Object.entries(GROUPS)) {
      const names = Object.entries(group).flatMap(([name, value]) => (typeof value === "object" ? [] : [name]));
      const told = documented.filter((option) => option.of === of).map(({ name }) => name);
      expect(told.sort(), of).toEqual(names.sort());
    }
    const written = Array.from(textOf(OPTIONS).matchAll(/@defaultValue/g)).length;
    expect(documented).toHaveLength(written);
  });

  it("of everything else stand as they are in the code beside them", () => {
    const files = filesIn(["src", "examples"], /\.ts$/).filter((path) => path !== OPTIONS);
    const numbers = files.flatMap((path) =>
      Array.from(textOf(path).matchAll(/@defaultValue ([\d_]+) \*\//g), ([, value = ""]) => ({ path, value })),
    );
    expect(numbers.length).toBeGreaterThan(2);
    expect(numbers.filter(({ path, value }) => !new RegExp(`\\b${value}\\b`).test(codeOf(path)))).toEqual([]);
  });
});
