import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

const LINK = /<a\b[^>]*?\shref="([^"]+)"/g;
const ID = /\sid="([^"]+)"/g;

/** What was found in the pages of a site. */
export interface LinkReport {
  readonly checked: number;
  /** Links within the site that lead to no file, or to no place in it. */
  readonly dead: readonly string[];
}

/** Follows every link of every page that stays within the site. @param folder of the built site. */
export function checkLinks(folder: string): LinkReport {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".html"));
  const textOf = new Map(pages.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
  const idsOf = new Map(Array.from(textOf, ([path, text]) => [path, new Set(all(text, ID))]));
  let checked = 0;
  const dead = new Set<string>();
  for (const [page, text] of textOf) {
    for (const link of all(text, LINK)) {
      if (/^[a-z][\w+.-]*:/i.test(link)) continue;
      checked += 1;
      const [path = "", anchor = ""] = link.replaceAll("&amp;", "&").split("#").map(decodeURIComponent);
      const target = path === "" ? page : posix.join(path.startsWith("/") ? "" : dirname(page), path);
      const file = target.replace(/^\//, "").replace(/(?:^|\/)$/, "$&index.html");
      if (!existsSync(join(folder, file))) dead.add(`${page}: ${link}`);
      else if (anchor !== "" && idsOf.has(file) && !idsOf.get(file)?.has(anchor)) dead.add(`${page}: ${link}`);
    }
  }
  return { checked, dead: [...dead] };
}

const all = (text: string, pattern: RegExp): string[] => Array.from(text.matchAll(pattern), ([, found = ""]) => found);
