import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parseClientMessage, parseServerMessage } from "loquilex/protocol";
import { beforeAll, describe, expect, it } from "vitest";
import { protocolSchema } from "../../.config/protocol-schema.js";
import { CLIENT_SAMPLES, SERVER_SAMPLES } from "../support/protocol-samples.js";

type Data = Readonly<Record<string, unknown>>;

const accepts = (parse: (json: string) => unknown, message: unknown): boolean => {
  try {
    parse(JSON.stringify(message));
    return true;
  } catch {
    return false;
  }
};

/** The value with each of its fields, at any depth, left out, set to `null`, or made something that fits no field. */
function* damaged(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) for (const bad of damaged(item)) yield value.with(index, bad);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value as Data)) {
    const { [name]: _, ...rest } = value as Data;
    yield rest;
    for (const bad of [null, -1, 0.5, "x".repeat(9_000), [1], {}, true]) yield { ...rest, [name]: bad };
    for (const bad of damaged(inner)) yield { ...rest, [name]: bad };
  }
}

describe("the JSON schema of the protocol", () => {
  const validators: Record<string, ValidateFunction> = {};

  beforeAll(async () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, schemas: [await protocolSchema()] });
    for (const name of ["clientMessage", "serverMessage"]) {
      validators[name] = ajv.compile({ $ref: `urn:loquilex:protocol:1#/$defs/${name}` });
    }
  });

  for (const [name, samples, parse] of [
    ["clientMessage", CLIENT_SAMPLES, parseClientMessage],
    ["serverMessage", SERVER_SAMPLES, parseServerMessage],
  ] as const) {
    it.each(Object.entries(samples))(
      `accepts of the ${name} %s exactly what the SDK accepts`,
      (t, { full, minimal }) => {
        let [accepted, refused] = [0, 0];
        for (const data of [full, minimal]) {
          const message = {
            v: 1,
            t,
            sid: "session",
            id: "m1",
            seq: 5,
            corr: "m0",
            t_wall: "now",
            t_mono_ns: 12.5,
            data,
          };
          expect(accepts(parse, message)).toBe(true);
          for (const candidate of [message, ...damaged(message)]) {
            const expected = accepts(parse, candidate);
            expect(validators[name]?.(candidate), JSON.stringify(candidate).slice(0, 500)).toBe(expected);
            if (expected) accepted += 1;
            else refused += 1;
          }
        }
        expect(accepted).toBeGreaterThan(5);
        expect(refused).toBeGreaterThan(20);
      },
    );
  }

  it("leaves applications messages of their own, outside the reserved names", () => {
    for (const t of ["weather", "asr.custom", "server.weather", "audio.", "x".repeat(65)]) {
      const message = { v: 1, t, data: { anything: [] } };
      expect(validators.serverMessage?.(message), t).toBe(accepts(parseServerMessage, message));
      expect(validators.clientMessage?.(message), t).toBe(false);
    }
  });
});
