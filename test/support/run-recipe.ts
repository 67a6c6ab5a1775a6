import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "svelte/compiler";
import * as vue from "vue";
import { compileScript, parse } from "vue/compiler-sfc";
import { runSnippet, snippetOf } from "./run-snippet.js";

/** Shows a component in an element. @returns what takes it away again. */
export type Mount = (target: HTMLElement, props: { readonly url: string }) => () => void;

const PAGE = "docs/frameworks.md";

/** What compiled components import. */
const SVELTE = "svelte/internal/client";
/** Node gets the half for servers under the plain name of the package. */
const SVELTE_IN_PAGES = pathToFileURL(join(import.meta.dirname, "../../node_modules/svelte/src/index-client.js")).href;

/** Compiles a component of Vue into a module. */
export function compileVue(source: string): string {
  const { descriptor, errors } = parse(source);
  if (errors.length > 0) throw errors[0];
  return compileScript(descriptor, { id: "recipe", inlineTemplate: true }).content;
}

/** Compiles a component of Svelte into a module. */
export const compileSvelte = (source: string): string =>
  compile(source, { generate: "client", filename: "Recipe.svelte" }).js.code;

/** Compiles and runs the Vue component of the page about frameworks. @param loquilex the package that it imports. */
export async function vueRecipe(loquilex: object): Promise<Mount> {
  const content = compileVue(snippetOf(PAGE, "vue", "<script").code);
  const code = content.replace("export default", "export const Recipe =");
  const { Recipe } = await runSnippet({ code, language: "js" }, { loquilex, vue });
  return (target, props) => {
    const app = vue.createApp(Recipe as vue.Component, props);
    app.mount(target);
    return () => app.unmount();
  };
}

/** Compiles and runs the Svelte component of the page about frameworks. @param loquilex the package that it imports. */
export async function svelteRecipe(loquilex: object): Promise<Mount> {
  const module = compileSvelte(snippetOf(PAGE, "svelte", "<script").code);
  const code = module.replace("export default function", "export function");
  const { mount, unmount }: Pick<typeof import("svelte"), "mount" | "unmount"> = await import(SVELTE_IN_PAGES);
  const { Recipe } = await runSnippet({ code, language: "js" }, { loquilex, [SVELTE]: await import(SVELTE) });
  return (target, props) => {
    const component = mount(Recipe as Parameters<typeof mount>[0], { target, props });
    return () => void unmount(component);
  };
}
