import type { PlantedBug } from "../../support/planted-bug.js";
import { CALM, type Conditions, type Kind } from "../conditions.js";

/** Where a planted bug shows itself soonest. */
export interface Ground {
  /** Replaces the kind of trouble that each seed would draw. */
  readonly kind?: Kind;
  /** Replaces some of the other conditions. */
  readonly fixed?: Partial<Conditions>;
  /** The judge of many clients that retry comes before any seed. */
  readonly manyClients?: boolean;
}

/** One planted bug, and where it is hunted. */
export interface Mutant extends PlantedBug {
  readonly ground: Ground;
}

/** Makes the mutants of one file. */
export const mutantsOf =
  (file: string) =>
  (name: string, find: string, replace: string, ground: Ground = {}): Mutant => ({ name, file, find, replace, ground });

/** Seeds that meet just this trouble; without any, only what is nobody's fault. */
export const under = (...troubles: readonly (keyof Kind)[]): Ground => ({
  kind: { ...CALM, ...Object.fromEntries(troubles.map((trouble) => [trouble, true])) },
});

export const AMONG_MANY_CLIENTS: Ground = { manyClients: true };
