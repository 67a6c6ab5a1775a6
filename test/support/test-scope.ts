import { type Clock, Scope } from "loquilex/resources";
import { onTestFinished } from "vitest";

/** A scope that ends with the test. */
export function testScope(clock?: Clock): Scope {
  const scope = new Scope({ name: "test", clock });
  onTestFinished(() => scope.dispose().then(() => {}));
  return scope;
}
