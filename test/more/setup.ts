/** Vitest's global setup of `npm run test:more`. */
import type { TestProject } from "vitest/node";
import findChromium from "../support/find-chromium.js";
import { install } from "./install.js";

export default async function setup(project: TestProject): Promise<void> {
  await Promise.all([findChromium(project), install()]);
}
