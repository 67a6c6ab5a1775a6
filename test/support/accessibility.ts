import axeCore from "axe-core";
import type { Page } from "playwright-core";

/** A rule that a page breaks, with the elements that break it. */
type Violation = readonly [rule: string, ...elements: string[]];

/** Rules of WCAG 2.2 to level AA, and what axe knows to be good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds wrong on a page as it is shown now, shadow trees included; contrasts are measured in the colours on screen. */
export async function violationsOf(page: Page): Promise<readonly Violation[]> {
  // Evaluated by the debugger, so that no policy of the page is in its way.
  await page.evaluate(axeCore.source);
  const violations = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: { type: "tag", values } }).then((found) => found.violations),
    TAGS,
  );
  return violations.map(({ id, nodes }) => [
    id,
    ...nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
  ]);
}

declare global {
  var axe: typeof import("axe-core");
}
