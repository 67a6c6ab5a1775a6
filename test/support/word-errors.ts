/** How a recognised text differs from what was spoken, in words. */
export interface WordErrors {
  readonly spoken: number;
  readonly wrong: number;
  /** Words that are missing. */
  readonly left: number;
  /** Words that nobody spoke there, such as those that come twice. */
  readonly added: number;
  /** All of them as a share of the words that were spoken. */
  readonly rate: number;
}

interface Path {
  readonly cost: number;
  readonly wrong: number;
  readonly left: number;
  readonly added: number;
}

/** Words without case and punctuation. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];

/** Counts the fewest errors that lead from one text to the other (Levenshtein's distance between words). */
export function countWordErrors(spokenText: string, heardText: string): WordErrors {
  const [spoken, heard] = [wordsOf(spokenText), wordsOf(heardText)];
  const step = ({ cost, ...path }: Path, error: "wrong" | "left" | "added"): Path => ({
    ...{ ...path, cost: cost + 1 },
    [error]: path[error] + 1,
  });
  const nothing: Path = { cost: 0, wrong: 0, left: 0, added: 0 };
  let row: Path[] = [nothing];
  for (const _ of heard) row.push(step(row.at(-1) ?? nothing, "added"));
  for (const word of spoken) {
    const next: Path[] = [step(row[0] ?? nothing, "left")];
    for (const [index, other] of heard.entries()) {
      const before = row[index] ?? nothing;
      const ways = [
        word === other ? before : step(before, "wrong"),
        step(row[index + 1] ?? nothing, "left"),
        step(next[index] ?? nothing, "added"),
      ];
      next.push(ways.reduce((best, way) => (way.cost < best.cost ? way : best)));
    }
    row = next;
  }
  const { cost, ...errors } = row.at(-1) ?? nothing;
  return { spoken: spoken.length, ...errors, rate: cost / Math.max(1, spoken.length) };
}
