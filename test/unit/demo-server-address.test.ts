import { describe, expect, test } from "vitest";
import { serverAddress } from "../../examples/demo/stream/server-address.js";

describe("the server's address", () => {
  test.each([
    ["http://127.0.0.1:8787/", "ws://127.0.0.1:8787/v1/stream"],
    ["https://example.org/demo/?x=1#y", "wss://example.org/v1/stream"],
    ["http://localhost/?server=wss://other.example/v1/stream", "wss://other.example/v1/stream"],
    ["http://localhost/?server=ws%3A%2F%2F10.0.0.2%3A9%2Fa%3Fb%3D1", "ws://10.0.0.2:9/a?b=1"],
  ])("of %s is %s", (href, expected) => {
    expect(serverAddress({ href }).href).toBe(expected);
  });

  test.each([
    "https://other.example/",
    "javascript:alert(1)",
    "not an address",
    "",
    "/v1/stream",
    "ws://u:p@host/",
    "wss://host/#x",
  ])("?server=%s is refused with a sentence", (server) => {
    expect(() => serverAddress({ href: `http://localhost/?server=${encodeURIComponent(server)}` })).toThrow(
      /\?server=/,
    );
  });
});
