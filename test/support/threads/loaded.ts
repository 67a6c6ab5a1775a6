/** After so long the loader of TypeScript has closed its files: Node leaves those open that a thread opens while it dies. */
export const LOADED_MS = 500;
