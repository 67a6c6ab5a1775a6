/** In logical directions, and in the page's own colours, so that it fits right-to-left, dark and high-contrast pages. */
export const STYLE = `
:host { display: block; font: inherit; color: inherit; }
:host([hidden]), [hidden] { display: none; }
[part="controls"] { display: flex; flex-wrap: wrap; align-items: center; gap: var(--loquilex-gap, 0.75em); }
button, select { font: inherit; min-block-size: 2.5em; max-inline-size: 100%; }
button { padding-inline: 1.25em; border-radius: var(--loquilex-radius, 0.4em); border: 1px solid currentColor;
  background: var(--loquilex-button, transparent); color: var(--loquilex-button-text, inherit); cursor: pointer; }
button:focus-visible, select:focus-visible, [part="captions"]:focus-visible {
  outline: 3px solid var(--loquilex-focus, Highlight); outline-offset: 2px; }
[part="level"] { inline-size: 8em; block-size: 0.6em; border: 1px solid currentColor; border-radius: 1em; overflow: hidden; }
[part="level"]::before { content: ""; display: block; block-size: 100%; forced-color-adjust: none;
  inline-size: calc(100% * var(--level, 0)); background: var(--loquilex-level, #2a8a4a); }
[part="captions"] { margin-block-start: var(--loquilex-gap, 0.75em); max-block-size: var(--loquilex-height, 12em);
  overflow: auto; font-size: var(--loquilex-caption-size, 1.5em); line-height: 1.4; overflow-wrap: anywhere; }
p { margin: 0; }
[part="partial"] { opacity: 0.75; }
[part="error"] { color: var(--loquilex-error, inherit); font-weight: bold; }
`;
