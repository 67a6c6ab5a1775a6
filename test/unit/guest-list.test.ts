import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { beforeEach, describe, expect, it } from "vitest";
import { guestLimits } from "../../examples/server/door/descriptor-limit.js";
import { GuestList } from "../../examples/server/door/guest-list.js";

let port = 1;
/** A connection as the list sees it. */
const socketFrom = (remoteAddress: string): Socket =>
  Object.assign(new EventEmitter(), { remoteAddress, remotePort: port++ }) as Partial<Socket> as Socket;

let turnedAway: [name: string, error: string][];
beforeEach(() => {
  turnedAway = [];
});

function arrive(list: GuestList, name: string, address = "10.0.0.1"): Socket {
  const socket = socketFrom(address);
  list.arrive(socket, ({ error }) => {
    turnedAway.push([name, error]);
    socket.emit("close");
  });
  return socket;
}

const LIMITS = { connections: 100, connectionsPerAddress: 100, waiting: 100 };

describe("the list of guests", () => {
  it("turns away who has waited longest if too many say nothing, and nobody who has said something", () => {
    const list = new GuestList({ ...LIMITS, waiting: 2 });
    list.hear(arrive(list, "heard"));
    arrive(list, "first");
    const second = arrive(list, "second");
    expect(turnedAway).toEqual([]);
    arrive(list, "third");
    list.hear(second);
    arrive(list, "fourth");
    arrive(list, "fifth");
    expect(turnedAway).toEqual([
      ["first", "overtaken"],
      ["third", "overtaken"],
    ]);
  });

  it("tells a WebSocket by its own means that it has to go", () => {
    const list = new GuestList({ ...LIMITS, waiting: 1 });
    const socket = arrive(list, "upgraded");
    const told: string[] = [];
    expect(list.upgrade(socket, ({ error }) => told.push(error))).toBeUndefined();
    arrive(list, "next");
    expect(told).toEqual(["overtaken"]);
    expect(turnedAway).toEqual([]);
  });

  it("counts by address, and forgets who has left", () => {
    const list = new GuestList({ ...LIMITS, connectionsPerAddress: 1 });
    const first = arrive(list, "first");
    const second = arrive(list, "second");
    expect(list.upgrade(second, () => {})).toMatchObject({ code: 4429, error: "too_many_from_address" });
    expect(list.upgrade(arrive(list, "elsewhere", "10.0.0.2"), () => {})).toBeUndefined();
    first.emit("close");
    expect(list.upgrade(second, () => {})).toBeUndefined();
  });

  it.each([
    ["::ffff:10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.11", false],
    ["2001:db8:1:2:3:4:5:6", "2001:DB8:1:2::9", true],
    ["2001:db8::1", "2001:db8:0:0:ffff::1", true],
    ["2001:db8:1::1", "2001:db8::1", false],
    ["fe80::1%eth0", "fe80::2", true],
  ])("takes %s and %s for one sender: %s", (one, other, same) => {
    const list = new GuestList({ ...LIMITS, connectionsPerAddress: 1 });
    arrive(list, "one", one);
    expect(list.upgrade(arrive(list, "other", other), () => {}) !== undefined).toBe(same);
  });

  it("answers over HTTP only those that a WebSocket could not tell any more", () => {
    const list = new GuestList({ ...LIMITS, connections: 1 });
    const sockets = Array.from({ length: 66 }, (_, index) => arrive(list, `${index}`));
    expect(turnedAway).toEqual([["65", "too_many_connections"]]);
    expect(list.upgrade(sockets[64] ?? socketFrom(""), () => {})).toMatchObject({ error: "too_many_connections" });
  });

  it("leaves half of the descriptors to recordings, and half of the places to those who speak", () => {
    const config = { maxConnections: 10_000, maxConnectionsPerAddress: 1_000, maxWaiting: 1_000 };
    expect(guestLimits(config, 1_024)).toEqual({ connections: 512, connectionsPerAddress: 1_000, waiting: 256 });
    expect(guestLimits(config, 1_000_000)).toEqual({
      connections: 10_000,
      connectionsPerAddress: 1_000,
      waiting: 1_000,
    });
  });
});
