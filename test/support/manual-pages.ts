import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin, transformWithOxc } from "vite";
import { html } from "../browser/test-site.js";
import { SNIPPETS, type Snippet } from "./manual.js";
import { compileSvelte, compileVue } from "./run-recipe.js";

/** Code that is not for a page, or not ours, by a part of it, with what shows that it works. */
const ELSEWHERE: readonly (readonly [part: string, why: string])[] = [
  ["// Vite\n", "browser/packed-package"],
  ["// webpack 5", "more/bundlers"],
  ["// Rollup,", "more/bundlers"],
  ["// esbuild,", "browser/packed-package"],
  ['src="https://cdn.example.org/', "unit/integrity"],
  ["new MediaRecorder(", "what is left behind"],
  ["function issueToken(", "unit/tokens-page"],
  ["function sendSilence(", "unit/testing-page"],
  ["new CaptionEvent(", "unit/testing-page"],
  ["new PlaybackSender(", "unit/playback-sender"],
  ["recoverStreams(", "more/journal"],
  ["copy = recording(", "browser/recording"],
  ["/** A readable store", "dom/frameworks-page"],
];

/** Where the built pages look for the server, until {@link ManualPages.serveWith} says where it is. */
const SERVER = "ws://127.0.0.1:8787/";
const ADDRESS = /\bwss?:\/\/[\w.:-]+\/(?:v1\/stream)?/g;

/** A page on which one piece of the manual's code runs. */
export interface ManualPage {
  /** Of its HTML file, without the ending. */
  readonly name: string;
  /** Where the code stands: `docs/start.md:30`. */
  readonly where: string;
  /** Whether a stream is made anew by the button; else by loading the page again. */
  readonly startsAgain: boolean;
  /** Whether it asks for the microphone, or for something else that a person may refuse. */
  readonly asks: boolean;
  /** Whether a LoquiLex server understands it. */
  readonly speaksOurs: boolean;
}

const isForPages = ({ language, code }: Snippet): boolean =>
  ["html", "js", "ts", "tsx", "vue", "svelte"].includes(language) && !ELSEWHERE.some(([part]) => code.includes(part));

const MAKES_STREAM = /createMicrophoneStream\(|new AudioStream\(|useMicrophoneStream\(|defineCaptionsElement\(/;
const STARTS_STREAM = /\.start\(|useMicrophoneStream\(|defineCaptionsElement\(/;
const HAS_BUTTON = /startButton\.onclick|byId\("start"\)|defineCaptionsElement\(/;

/** What is around code that is a part of a program: elements and functions, and for some a stream and a button that starts it. */
const BODY = `<button id="start">Start</button> <button id="stop">Stop</button> <button id="retry">Try now</button>
<meter min="-60" max="0"></meter> <select></select> <p id="output"></p> <p id="state"></p> <p id="captions"></p>
<p id="message"></p> <p id="notice"></p> <p id="problem"></p> <main></main>`;
const SURROUNDINGS = `
const byId = (id) => document.getElementById(id);
const shows = (id) => (text) => { byId(id).textContent = text; };
async function* tone() {
  for (let piece = 0; piece < 20; piece += 1) {
    yield Float32Array.from({ length: 4_800 }, (_, at) => Math.sin(at / 10) / 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
Object.assign(globalThis, {
  startButton: byId("start"), stopButton: byId("stop"), retryButton: byId("retry"), output: byId("output"),
  meter: document.querySelector("meter"), list: document.querySelector("select"),
  showMessage: shows("message"), showNotice: shows("notice"), fetchToken: async () => "a token",
  showHowToAllowTheMicrophone: () => shows("message")("Allow the microphone in the address bar."),
  pieces: tone(),
});
// A browser without a screen has no tab to share.
navigator.mediaDevices.getDisplayMedia = () => navigator.mediaDevices.getUserMedia({ audio: true });
`;
const MAKE = `import * as around from "loquilex";
const stream = around.createMicrophoneStream("${SERVER}v1/stream");
`;
const FOLLOW = `
stream.addEventListener("caption", ({ text }) => { document.getElementById("captions").textContent = text; });
for (const type of ["warning", "error"]) {
  stream.addEventListener(type, ({ error }) => { document.getElementById("problem").textContent = error.message; });
}
document.getElementById("start").onclick = () => stream.start();
document.getElementById("stop").onclick = () => stream.close();
`;

async function programOf({ language, code }: Snippet): Promise<string> {
  const plain = language === "ts" ? (await transformWithOxc(code, "snippet.ts")).code : code;
  if (STARTS_STREAM.test(code)) return plain;
  if (MAKES_STREAM.test(code)) return plain + FOLLOW;
  return MAKE + plain + FOLLOW;
}

/** Shows a component of a framework, which is in a file of its own. */
const MOUNTS: Readonly<Record<string, (file: string) => string>> = {
  tsx: (file) => `
    import { createElement, StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import * as components from "${file}";
    const [component] = Object.values(components);
    const shown = createElement(component, { url: "${SERVER}v1/stream" });
    createRoot(document.querySelector("main")).render(createElement(StrictMode, null, shown));`,
  vue: (file) => `
    import { createApp } from "vue";
    import component from "${file}";
    createApp(component, { url: "${SERVER}v1/stream" }).mount("main");`,
  svelte: (file) => `
    import { mount } from "svelte";
    import component from "${file}";
    mount(component, { target: document.querySelector("main"), props: { url: "${SERVER}v1/stream" } });`,
};

const COMPONENTS: Plugin = {
  name: "components",
  transform(code, id) {
    if (id.endsWith(".vue")) return { code: compileVue(code), map: null };
    if (id.endsWith(".svelte")) return { code: compileSvelte(code), map: null };
    return;
  },
};

/** Every piece of code of the manual that is for a page, each on a page of its own. */
export class ManualPages {
  readonly pages: readonly ManualPage[];
  readonly #built: string;

  private constructor(pages: readonly ManualPage[], built: string) {
    this.pages = pages;
    this.#built = built;
  }

  /** @param folder an empty one in which `loquilex` can be imported. @param dist the package's built files. */
  static async build(folder: string, dist: string): Promise<ManualPages> {
    const pages: ManualPage[] = [];
    const whole = new Map<string, string>();
    for (const snippet of SNIPPETS.filter(isForPages)) {
      const name = `${snippet.page.replaceAll(/\W/g, "-")}-${snippet.line}`;
      const code = snippet.code
        .replaceAll(ADDRESS, `${SERVER}v1/stream`)
        .replace("deepgram({ query", `deepgram({ url: "${SERVER}v1/listen", query`);
      const adapted = { ...snippet, code };
      pages.push({
        name,
        where: `${snippet.page}:${snippet.line}`,
        startsAgain: snippet.language in MOUNTS || HAS_BUTTON.test(code),
        asks: !code.includes("samples("),
        speaksOurs: !code.includes("deepgram("),
      });
      // As it is: it takes the package by a script tag, which nothing has to build.
      if (snippet.language === "html") whole.set(name, code);
      else await writePage(folder, name, adapted);
    }
    const input = pages.filter(({ name }) => !whole.has(name)).map(({ name }) => join(folder, `${name}.html`));
    const built = join(folder, "built");
    await build({
      root: folder,
      configFile: false,
      logLevel: "error",
      plugins: [COMPONENTS],
      oxc: { jsx: { runtime: "automatic" } },
      build: { outDir: built, target: "es2022", minify: false, rolldownOptions: { input } },
    });
    for (const [name, text] of whole) await writeFile(join(built, `${name}.html`), text);
    await mkdir(join(built, "speech"));
    await cp(join(dist, "loquilex.iife.js"), join(built, "loquilex.iife.js"));
    await cp(join(dist, "loquilex.worker.js"), join(built, "speech/loquilex.worker.js"));
    for (const file of ["capture.worklet.js", "capture.worklet-3f1c.js"]) {
      await cp(join(dist, "capture.worklet.js"), join(built, "speech", file));
    }
    return new ManualPages(pages, built);
  }

  /** Writes the pages into a folder, with the server at this port. */
  async serveWith(port: number, folder: string): Promise<void> {
    await cp(this.#built, folder, { recursive: true });
    for (const path of await readdir(folder, { recursive: true })) {
      if (!/\.(?:js|html)$/.test(path)) continue;
      const text = await readFile(join(folder, path), "utf8");
      await writeFile(join(folder, path), text.replaceAll(SERVER, `ws://127.0.0.1:${port}/`));
    }
  }
}

async function writePage(folder: string, name: string, snippet: Snippet): Promise<void> {
  const mount = MOUNTS[snippet.language];
  const program = mount === undefined ? await programOf(snippet) : mount(`./${name}.part.${snippet.language}`);
  // A component has buttons of its own.
  const body = mount === undefined ? BODY : "<main></main>";
  if (mount !== undefined) await writeFile(join(folder, `${name}.part.${snippet.language}`), snippet.code);
  await writeFile(join(folder, `${name}.around.js`), mount === undefined ? SURROUNDINGS : "");
  await writeFile(join(folder, `${name}.js`), program);
  const scripts = [`${name}.around.js`, `${name}.js`].map((file) => `<script type="module" src="./${file}"></script>`);
  await writeFile(join(folder, `${name}.html`), html(body + scripts.join("")));
}

/** What is no longer in the manual. */
export const GONE = ELSEWHERE.filter(([part]) => !SNIPPETS.some(({ code }) => code.includes(part)));
