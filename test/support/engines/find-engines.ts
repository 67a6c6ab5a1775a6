/** Vitest's global setup of the tests that run in every engine: finds the engines, says which there are, or fails with a sentence. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { ensureChromium } from "../find-chromium.js";
import { aptInstall, canUseApt, findProgram, isExecutable, versionOf } from "../find-chromium-programs.js";
import { ENGINE_NAMES, type EngineName } from "./engine-page.js";
import type { FoundEngine } from "./engines.js";

declare module "vitest" {
  interface ProvidedContext {
    readonly engines: readonly FoundEngine[];
  }
}

const SOUND_PACKAGES = ["pulseaudio", "pulseaudio-utils"];
const SOUND_PROGRAMS = ["pulseaudio", "pactl", "paplay", "parec"];
const WEBKIT_PROGRAMS = ["WebKitWebDriver", "Xvfb", "dbus-run-session"];
/** On Debian. */
const PACKAGES: Readonly<Record<EngineName, readonly string[]>> = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: [
    "webkit2gtk-driver",
    "xvfb",
    "dbus",
    ...["pulseaudio", "plugins-base", "plugins-good", "plugins-bad", "libav"].map((name) => `gstreamer1.0-${name}`),
  ],
};

export default async function setup(project: TestProject): Promise<void> {
  await ensureSound();
  const demanded = demandedEngines();
  const engines: FoundEngine[] = [];
  const missing: EngineName[] = [];
  for (const name of demanded ?? ENGINE_NAMES) {
    const found = await findEngine(name);
    if (found !== undefined) engines.push(found);
    else missing.push(name);
  }
  const howToInstall = missing
    .map((name) => `${name} (on Debian: apt-get install ${PACKAGES[name].join(" ")})`)
    .join(", ");
  if (demanded !== undefined && missing.length > 0) {
    throw new Error(`LX_ENGINES demands what this machine has not: ${howToInstall}.`);
  }
  if (engines.length === 0) throw new Error(`The browser tests need one engine at least: ${howToInstall}.`);
  const lines = [`Engines: ${engines.map(({ name, executablePath }) => `${name} (${executablePath})`).join(", ")}.`];
  if (missing.length > 0) lines.push(`Not on this machine, and not tested: ${howToInstall}.`);
  console.log(lines.join("\n"));
  project.provide("engines", engines);
}

/** What `LX_ENGINES` names, `undefined` when any will do. */
function demandedEngines(): readonly EngineName[] | undefined {
  const names = (process.env.LX_ENGINES ?? "").split(",").filter((name) => name !== "");
  if (names.length === 0) return undefined;
  if (names.includes("all")) return ENGINE_NAMES;
  return names.map((name) => {
    const known = ENGINE_NAMES.find((engine) => engine === name);
    if (known !== undefined) return known;
    throw new Error(`LX_ENGINES is "${names}"; it may name ${ENGINE_NAMES.join(", ")} or all.`);
  });
}

/** @returns `undefined` if this machine does not have it. */
export const findEngine = (name: EngineName): Promise<FoundEngine | undefined> => FIND[name]();

const FIND: Readonly<Record<EngineName, () => Promise<FoundEngine | undefined>>> = {
  // Without one there is not a single engine, so that this one is installed.
  chromium: async () => ({ name: "chromium", executablePath: await ensureChromium() }),

  async firefox() {
    for (const path of [process.env.LX_FIREFOX, await findProgram("firefox-esr"), await findProgram("firefox")]) {
      if (path === undefined) continue;
      if (/Firefox/.test((await versionOf(path)) ?? "")) return { name: "firefox", executablePath: path };
    }
    return undefined;
  },

  async webkit() {
    const programs = await Promise.all(WEBKIT_PROGRAMS.map((name) => findProgram(name)));
    const browser = await findMiniBrowser();
    const [driverPath] = programs;
    if (browser === undefined || driverPath === undefined || programs.includes(undefined)) return undefined;
    return { name: "webkit", executablePath: browser, driverPath };
  },
};

/** The browser that comes with WebKitGTK is no program of the PATH. */
async function findMiniBrowser(): Promise<string | undefined> {
  for (const root of ["/usr/libexec", "/usr/lib", "/usr/lib64"]) {
    const inside = await readdir(root).catch(() => []);
    const folders = [root, ...inside.map((name) => join(root, name))];
    for (const version of ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"]) {
      for (const folder of folders) {
        const path = join(folder, version, "MiniBrowser");
        if (await isExecutable(path)) return path;
      }
    }
  }
  return undefined;
}

/** Installs the sound server if it is not there. @throws Error with a sentence that says what to install. */
export async function ensureSound(): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await Promise.all(SOUND_PROGRAMS.map((name) => findProgram(name)))).every((path) => path !== undefined);
  if (await isThere()) return;
  let reason: unknown = "this is not Debian, or not root";
  if (await canUseApt()) {
    reason = await aptInstall(...SOUND_PACKAGES).then(
      () => "the packages do not contain it",
      (error: Error) => error.message,
    );
  }
  if (await isThere()) return;
  throw new Error(
    `The browser tests speak into a virtual microphone of PulseAudio, and could not install it (${reason}). ` +
      `Install pulseaudio with pactl and paplay; on Debian: apt-get install ${SOUND_PACKAGES.join(" ")}.`,
  );
}
