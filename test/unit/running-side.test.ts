import { expect, it } from "vitest";
import { RunningSide } from "../../src/host/running/running-side.js";
import type { RunningEvent } from "../../src/host/running-messages.js";
import { NOTHING_LEFT } from "../../src/host/worker/restored.js";
import { systemClock } from "../../src/internal/clock.js";
import { Scope } from "../../src/internal/scope.js";
import { resolveOptions } from "../../src/stream/options/resolve-options.js";
import { FakeTransport } from "../support/fake-transport.js";

it("a running side that goes on for another one answers a flush when it knows what that one had taken", async () => {
  const scope = new Scope({ name: "test" });
  const { session, ...options } = resolveOptions({}, Math.random);
  const events: RunningEvent[] = [];
  const side = new RunningSide(
    { ...options, origin: 0, session: { ...session, restored: NOTHING_LEFT } },
    {
      scope,
      clock: systemClock,
      transport: new FakeTransport(),
      openEncoder: undefined,
      getToken: undefined,
      onEvent: (event) => events.push(event),
    },
  );
  side.handle({ type: "flush", id: 1 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(events).toEqual([]);
  side.handle({ type: "captured", position: 320 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(events).toMatchObject([{ type: "reply", id: 1, value: { capturedPosition: 320 } }]);
  await scope.dispose();
});
