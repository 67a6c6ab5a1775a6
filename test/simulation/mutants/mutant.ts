/** One planted bug: a wrong version of a source file. */
export interface Mutant {
  /** What is wrong, as a sentence. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** Makes the mutants of one file. */
export const mutantsOf =
  (file: string) =>
  (name: string, find: string, replace: string): Mutant => ({ name, file, find, replace });
