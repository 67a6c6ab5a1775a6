import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

const MORE = import.meta.dirname;

/** What is used of the compiler's interface, which TypeScript 7 does not have any more. */
interface Node {
  readonly kind: number;
  readonly text: string;
  readonly parent: Node;
  readonly name?: Node;
  readonly propertyName?: Node;
  readonly expression?: Node;
  readonly arguments?: readonly Node[];
  getSourceFile(): { readonly fileName: string };
}
interface Sym {
  readonly name: string;
  readonly flags: number;
  readonly declarations?: readonly Node[];
}
interface Type {
  getProperty(name: string): Sym | undefined;
  getNonNullableType(): Type;
}
interface Checker {
  getSymbolAtLocation(node: Node): Sym | undefined;
  getAliasedSymbol(symbol: Sym): Sym;
  getTypeAtLocation(node: Node): Type;
  getContextualType(node: Node): Type | undefined;
}
interface Program {
  getSourceFile(path: string): Node;
  getTypeChecker(): Checker;
}

/** What one application takes. */
export interface Count {
  /** Lines of code, its helpers included, without comments and empty lines. */
  readonly lines: number;
  /** Names of the SDK and of the browser's media interfaces, events included. */
  readonly concepts: readonly string[];
}

/** How the applications fare. */
export interface Comparison {
  /** What the compiler says of them, by their packages' published types. */
  readonly faults: readonly string[];
  /** By the file's name. */
  readonly counts: ReadonlyMap<string, Count>;
}

const FOLDER = join(MORE, "comparison");
/** What is the same in all applications. */
const SHARED = ["page.js", "page-parts.jsx"];
const NOT_OF_AN_SDK = /\/node_modules\/(?:@types\/\w+|react|csstype|typescript-6\.0)\//;
const DOM = /\/lib\.dom[\w.]*\.d\.ts$/;
const MEDIA = /^(?:Audio|BaseAudio|Media|BlobEvent$|Constrain|MessagePort$|Navigator$)/;

/** The application's file, and the helpers that it imports. */
function filesOf(path: string): string[] {
  const imported = Array.from(readFileSync(path, "utf8").matchAll(/from "\.\/([^"]+)"/g), ([, name = ""]) => name);
  const own = imported.filter((name) => !SHARED.includes(name));
  return [...new Set([path, ...own.flatMap((name) => filesOf(join(dirname(path), name)))])];
}

const linesOf = (path: string): number =>
  readFileSync(path, "utf8")
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;

export function countComparison(names: readonly string[]): Comparison {
  const ts = createRequire(join(MORE, "package.json"))("typescript-6.0");
  const { config } = ts.readConfigFile(join(FOLDER, "tsconfig.json"), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, FOLDER);
  const program: Program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  const faults = ts
    .getPreEmitDiagnostics(program)
    .map((fault: { readonly messageText: unknown; readonly file?: { readonly fileName: string } }) => {
      return `${basename(fault.file?.fileName ?? "")}: ${ts.flattenDiagnosticMessageText(fault.messageText, "\n")}`;
    });

  /** What a name stands for: the property that is given or taken, if it is one, and not the variable beside it. */
  const symbolOf = (node: Node): Sym | undefined => {
    const { parent } = node;
    if (ts.isPropertyAssignment(parent) && parent.name === node)
      return checker.getContextualType(parent.parent)?.getNonNullableType().getProperty(node.text);
    if (ts.isShorthandPropertyAssignment(parent))
      return checker.getContextualType(parent.parent)?.getNonNullableType().getProperty(node.text);
    if (ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent)) {
      const property = parent.propertyName ?? parent.name;
      if (property !== node) return undefined;
      return checker.getTypeAtLocation(parent.parent).getNonNullableType().getProperty(node.text);
    }
    const symbol = checker.getSymbolAtLocation(node);
    return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  };
  const counts = (symbol: Sym | undefined): symbol is Sym =>
    symbol?.declarations?.some((declaration) => {
      const { fileName } = declaration.getSourceFile();
      if (DOM.test(fileName)) return MEDIA.test(declaration.parent.name?.text ?? "") || MEDIA.test(symbol.name);
      return fileName.includes("/node_modules/") && !NOT_OF_AN_SDK.test(fileName);
    }) ?? false;

  const conceptsOf = (path: string): string[] => {
    const found: string[] = [];
    const visit = (node: Node): void => {
      if (ts.isIdentifier(node)) {
        const symbol = symbolOf(node);
        if (counts(symbol)) found.push(node.text);
      }
      // The name of an event.
      const [first] = ts.isCallExpression(node) ? (node.arguments ?? []) : [];
      const called = node.expression?.name;
      if (first !== undefined && ts.isStringLiteral(first) && called !== undefined && counts(symbolOf(called)))
        found.push(JSON.stringify(first.text));
      ts.forEachChild(node, visit);
    };
    visit(program.getSourceFile(path));
    return found;
  };

  const entries = names.map((name): [string, Count] => {
    const files = filesOf(join(FOLDER, name));
    const lines = files.reduce((sum, path) => sum + linesOf(path), 0);
    return [name, { lines, concepts: [...new Set(files.flatMap(conceptsOf))].sort() }];
  });
  return { faults, counts: new Map(entries) };
}
