import { filesIn, textOf } from "./source-files.js";

/** A page of the manual: the README, or one in `docs`. */
export interface ManualPage {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

/** One piece of code that the manual shows. */
export interface Snippet {
  readonly page: string;
  /** Line of its first line of code, counted from 1. */
  readonly line: number;
  /** What stands behind the fence: `js`, `html`, `sh`. */
  readonly language: string;
  readonly code: string;
}

/** All pages but those of the reference, which a program writes. */
export const MANUAL: readonly ManualPage[] = ["README.md", ...filesIn(["docs"], /\.md$/)]
  .filter((path) => !path.startsWith("docs/reference/"))
  .map((path) => ({ path, text: textOf(path) }));

/** The page without its code. */
export const prose = ({ text }: ManualPage): string => text.replaceAll(/^```[\s\S]*?^```$/gm, "");

/** The rows of the first table below a heading, which one page of the manual has, without its own head. */
export function table(heading: string): string[][] {
  const sections = MANUAL.flatMap(({ text }) =>
    text.split(/^#+ /m).filter((part) => part.startsWith(`${heading}\n`) && /^\|/m.test(part)),
  );
  if (sections.length !== 1) throw new Error(`${sections.length} pages of the manual have a table "${heading}".`);
  const lines = sections[0]?.split("\n").filter((line) => line.startsWith("|")) ?? [];
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** What language models are told, which is code that applications copy as well. */
const FOR_MODELS: ManualPage = { path: "docs/llms.txt", text: textOf("docs/llms.txt") };

/** All code of the manual, in the order of its pages. */
export const SNIPPETS: readonly Snippet[] = [...MANUAL, FOR_MODELS].flatMap(({ path: page, text }) =>
  Array.from(text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm), ({ 1: language = "", 2: code = "", index }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    language,
    code,
  })),
);

/** The scripts of an HTML page, each with the number of lines before it. */
export function scriptsIn(html: string): { readonly code: string; readonly linesBefore: number }[] {
  return Array.from(html.matchAll(/<script(?: type="module")?>\n([\s\S]*?)<\/script>/g), ({ 1: code = "", index }) => ({
    code,
    linesBefore: html.slice(0, index).split("\n").length,
  }));
}
