import DefaultTheme from "vitepress/theme";
import { h } from "vue";
import "./contrast.css";

/** In place of the default's, which is in no landmark, and whose link says something else to those who hear it. */
const notFound = () =>
  h("main", { class: "vp-doc", style: "padding: 2rem 1.5rem" }, [
    h("h1", "There is no such page"),
    h("p", h("a", { href: "/" }, "To the overview")),
  ]);

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "not-found": notFound }),
};
