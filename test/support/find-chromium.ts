/** Vitest's global setup of the browser tests: finds what they need, installs what is missing, or fails with a sentence. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { aptInstall, canUseApt, findProgram, install, isExecutable, versionOf } from "./find-chromium-programs.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A full Chromium or Chrome; the headless shell has no microphone. */
    readonly chromiumPath: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide("chromiumPath", await ensureChromium());
  await ensurePocketsphinx();
}

export async function ensureChromium(): Promise<string> {
  const chosen = process.env.LX_CHROMIUM;
  if (chosen !== undefined) {
    if (await isBrowser(chosen)) return chosen;
    throw new Error(
      `LX_CHROMIUM is "${chosen}", which does not run as Chromium or Chrome. Correct it, or leave it unset.`,
    );
  }
  const found = await findChromium();
  if (found !== undefined) return found;
  let reason: unknown;
  try {
    if (await canUseApt()) await aptInstall("chromium");
    else await installWithPlaywright();
  } catch (error) {
    reason = error;
  }
  const installed = await findChromium();
  if (installed !== undefined) return installed;
  throw new Error(
    `The browser tests need Chromium or Chrome, found none on the PATH, and could not install one (${
      reason instanceof Error ? reason.message : "the installer left nothing that runs"
    }). Install it, or set LX_CHROMIUM to its path.`,
  );
}

/** @returns the path of a full Chromium or Chrome that runs, if the machine has one. */
export async function findChromium(): Promise<string | undefined> {
  const candidates = [
    await findProgram("chromium"),
    await findProgram("chromium-browser"),
    await findProgram("google-chrome"),
    await findProgram("google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    chromium.executablePath(),
  ];
  for (const path of candidates) if (path !== undefined && (await isBrowser(path))) return path;
  return undefined;
}

/** Asks the program itself, because some systems have a stand-in of this name that only says how to install the browser. */
const isBrowser = async (path: string): Promise<boolean> =>
  (await isExecutable(path)) && /chrom(e|ium)/i.test((await versionOf(path)) ?? "");

async function installWithPlaywright(): Promise<void> {
  console.log("Installing Chromium with playwright-core.");
  const cli = join(dirname(createRequire(import.meta.url).resolve("playwright-core/package.json")), "cli.js");
  await install(process.execPath, [cli, "install", "--no-shell", "chromium"]);
}

async function ensurePocketsphinx(): Promise<void> {
  const isThere = async (): Promise<boolean> => (await findProgram("pocketsphinx_continuous")) !== undefined;
  if (await isThere()) return;
  let reason: unknown = "this is not Debian, or not root";
  if (await canUseApt()) {
    reason = await aptInstall("pocketsphinx", "pocketsphinx-en-us").then(
      () => "the packages do not contain it",
      (error: Error) => error.message,
    );
  }
  if (await isThere()) return;
  throw new Error(
    `The browser tests need the recogniser pocketsphinx_continuous on the PATH, and could not install it (${reason}). ` +
      "Install pocketsphinx with its model for US English; on Debian: apt-get install pocketsphinx pocketsphinx-en-us.",
  );
}
