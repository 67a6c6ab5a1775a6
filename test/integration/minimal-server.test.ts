import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CloseCode, encodeClientMessage, SUBPROTOCOL } from "loquilex/protocol";
import { type Clock, Scope } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Witness } from "../../examples/conformance/client/witness.js";
import { listen } from "../../examples/minimal-server/minimal-server.js";
import { ManualClock } from "../support/manual-clock.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { accountFor, NOTHING_WRONG } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const QUICK = { reconnect: { initialDelayMs: 20, maxDelayMs: 20 } };

async function minimalServer(clock?: Clock) {
  const folder = await temporaryFolder();
  const scope = new Scope({ name: "minimal server", clock });
  onTestFinished(async () => void (await scope.dispose()));
  const server = listen(0, folder, scope);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { folder, scope, port, url: `ws://127.0.0.1:${port}/v1/stream` };
}

async function onlyFileIn(folder: string): Promise<Int16Array> {
  const [name = "", ...others] = await readdir(folder);
  expect(others).toEqual([]);
  const bytes = await readFile(join(folder, name));
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

describe("the minimal server", () => {
  it("has every sample once at its place, of a stream whose connection is reset and swallowed", async () => {
    const { folder, port } = await minimalServer();
    await using proxy = await TcpProxy.listen({ targetPort: port });
    await using stream = await NodeStream.start(`ws://127.0.0.1:${proxy.port}/v1/stream`, QUICK);
    await stream.captured(600);
    proxy.reset();
    await stream.reconnected(1);
    await stream.captured(1_200);
    proxy.hold("toClient");
    await stream.captured(1_600);
    proxy.reset();
    proxy.pass("toClient");
    await stream.reconnected(2);
    await stream.captured(2_400);
    await stream.close();
    expect(accountFor(await onlyFileIn(folder), 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
    expect(stream.drops).toEqual([]);
    expect(await stream.closed).toMatchObject({ outcome: "closed" });
    // It says of itself that it knows nothing of a session whose connection is gone.
    expect(stream.reconnections.map(({ resumed }) => resumed)).toEqual([false, false]);
  });

  it("sends its clients away when it goes, and they go on with the next server", async () => {
    const first = await minimalServer();
    await using proxy = await TcpProxy.listen({ targetPort: first.port });
    await using stream = await NodeStream.start(`ws://127.0.0.1:${proxy.port}/v1/stream`, QUICK);
    await stream.captured(400);
    await first.scope.dispose();
    const second = new Scope({ name: "second" });
    onTestFinished(async () => void (await second.dispose()));
    await once(listen(first.port, first.folder, second), "listening");
    await stream.reconnected(1);
    await stream.captured(1_200);
    await stream.close();
    expect(accountFor(await onlyFileIn(first.folder), 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
  });

  it("says what is wrong with what it refuses, and goes on with everybody else", async () => {
    const { url } = await minimalServer();
    const healthy = await RawClient.connect(url);
    healthy.hello();
    await healthy.until("session.new");
    const closedBy = async (misbehave: (client: RawClient) => void): Promise<number> => {
      const client = await RawClient.connect(url);
      misbehave(client);
      return (await client.untilClosed()).code;
    };
    const opus = { encoding: "opus", sample_rate: 48_000, channels: 1, first: 0, next: 0 } as const;
    expect(await closedBy((client) => client.sendText("{"))).toBe(CloseCode.protocolViolation);
    expect(await closedBy((client) => client.sendFrame(0))).toBe(CloseCode.protocolViolation);
    expect(await closedBy((client) => client.send("client.hb", {}))).toBe(CloseCode.protocolViolation);
    expect(await closedBy((client) => client.sendText("x".repeat(70_000)))).toBe(1009);
    expect(await closedBy((client) => client.sendText('{"v":2,"t":"client.hello"}'))).toBe(CloseCode.unsupported);
    expect(await closedBy((client) => client.hello({ audio: opus }))).toBe(CloseCode.unsupported);
    const sameSession = { session_id: healthy.sessionId };
    expect(await closedBy((client) => client.hello(sameSession))).toBe(CloseCode.inUse);
    expect(await closedBy((client) => client.hello({ ...sameSession, client_id: healthy.clientId }))).toBe(
      CloseCode.replaced,
    );
    healthy.sendFrame(640);
    await healthy.until("audio.resync");
    for (const position of [0, 320, 480]) healthy.sendFrame(position);
    healthy.send("client.end", { position: 800 });
    await healthy.until("session.end");
    expect(healthy.messages("session.end")).toMatchObject([{ data: { position: 800 } }]);
    const heir = await RawClient.connect(url);
    heir.hello({ ...sameSession, takeover: true });
    await heir.until("session.new");
    expect((await healthy.untilClosed()).code).toBe(CloseCode.superseded);
  });

  it("closes a client that offers foreign subprotocols only, and serves one that offers none or its own among others", async () => {
    const { url } = await minimalServer();
    // Other clients hide what comes after a handshake without one of their subprotocols.
    const foreign = await Witness.connect({ url, protocols: ["other.v9"] });
    expect((await foreign.untilClosed()).code).toBe(CloseCode.unsupported);
    for (const protocols of [[], ["other.v9", SUBPROTOCOL]]) {
      const client = await RawClient.connect(url, { protocols });
      client.hello();
      await client.until("session.new");
      expect(client.socket.protocol).toBe(protocols.at(-1) ?? "");
    }
  });

  it("answers heartbeats, has its own, and gives up a client that stays silent or nameless", async () => {
    const clock = new ManualClock();
    const { url } = await minimalServer(clock);
    const [silent, alive, nameless] = [
      await RawClient.connect(url),
      await RawClient.connect(url),
      await RawClient.connect(url),
    ];
    for (const client of [silent, alive]) {
      client.hello();
      await client.until("session.new");
    }
    for (let beat = 1; beat <= 4; beat += 1) {
      alive.sendText(encodeClientMessage("client.hb", {}, { id: `beat ${beat}` }));
      await vi.waitFor(() => expect(alive.messages("server.hb").at(-1)?.corr).toBe(`beat ${beat}`));
      clock.advance(5_000);
    }
    expect((await silent.untilClosed()).code).toBe(CloseCode.timeout);
    expect((await nameless.untilClosed()).code).toBe(CloseCode.timeout);
    expect(alive.closed).toBeUndefined();
    expect(silent.messages("server.hb")).toHaveLength(3);
  });
});
