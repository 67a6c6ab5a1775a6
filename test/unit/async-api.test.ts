import asyncApiSchemas from "@asyncapi/specs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { asyncApi } from "../../.config/async-api.js";
import { CLIENT_SAMPLES, PLAYBACK_SAMPLES, SERVER_SAMPLES } from "../support/protocol-samples.js";

interface Described {
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
  readonly operations: Readonly<Record<string, { readonly messages: readonly { readonly $ref: string }[] }>>;
}

const namesIn = (description: Described, operation: string): string[] =>
  (description.operations[operation]?.messages ?? []).map(({ $ref }) => $ref.split("/").at(-1) ?? "").toSorted();

describe("the AsyncAPI description of a server", async () => {
  const description = (await asyncApi()) as Described;

  it("is one by the schema of AsyncAPI itself, and a damaged one is not", () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const isValid = ajv.compile(asyncApiSchemas.schemasWithoutId["3.0.0"] as object);
    expect(isValid(description), JSON.stringify(isValid.errors?.slice(0, 3))).toBe(true);
    expect(isValid({ ...description, operations: { takeFromClient: { action: "hear" } } })).toBe(false);
  });

  it("has each message of the protocol, with what the SDK accepts", () => {
    expect(namesIn(description, "takeFromClient")).toEqual([...Object.keys(CLIENT_SAMPLES), "audioFrame"].toSorted());
    expect(namesIn(description, "sendToClient")).toEqual(
      [...Object.keys({ ...SERVER_SAMPLES, ...PLAYBACK_SAMPLES }), "applicationMessage"].toSorted(),
    );
    const ajv = new Ajv({ strict: false });
    for (const [t, { full }] of Object.entries({ ...CLIENT_SAMPLES, ...SERVER_SAMPLES, ...PLAYBACK_SAMPLES })) {
      const accepts = ajv.compile(description.components.messages[t]?.payload ?? false);
      expect(accepts({ v: 1, t, data: full }), t).toBe(true);
      expect(accepts({ v: 2, t, data: full }), t).toBe(false);
    }
  });
});
