import { SETTINGS, type Setting } from "./settings.js";

const WIDTH = 100;
const INDENT = "      ";

/** The text of `--help`: every setting with its variable, flag, default and what is allowed. */
export function helpText(): string {
  return [
    "Usage: npm start -- [options]",
    "",
    "Starts the LoquiLex reference backend with its demo page. Each setting is read from its flag, then from its",
    "environment variable, then takes its default.",
    "",
    ...(Object.values(SETTINGS) as Setting<unknown>[]).flatMap(describe),
    "  --help",
    `${INDENT}Prints this and exits.`,
    "",
  ].join("\n");
}

function describe(setting: Setting<unknown>): string[] {
  const name = setting.flag === undefined ? setting.env : `${setting.env}, --${setting.flag}`;
  const fallback =
    setting.fallback === undefined || String(setting.fallback) === "" ? "none" : String(setting.fallback);
  const paragraph = `${setting.help} Must be ${setting.allowed}. Default: ${fallback}.`;
  return [`  ${name}`, ...wrap(paragraph).map((line) => INDENT + line)];
}

function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && INDENT.length + last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
