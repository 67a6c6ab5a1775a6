import { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import workerThreads from "node:worker_threads";
import type { ResourceLedger } from "./resource-ledger.js";

/** A timer is an object in Node and a number in browsers. */
type TimerHandle = unknown;

/** Timers of the global functions, whichever library has replaced them. */
export function watchTimers(ledger: ResourceLedger): void {
  const ended = new Map<TimerHandle, () => void>();
  const end = (handle: TimerHandle): void => {
    ended.get(handle)?.();
    ended.delete(handle);
  };
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const start = (name: string, repeats: boolean, schedule: typeof setTimeout): typeof setTimeout => {
    const watched = (callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]): TimerHandle => {
      const handle: TimerHandle = schedule(
        (...given: unknown[]) => {
          if (!repeats) end(handle);
          callback(...given);
        },
        delayMs,
        ...args,
      );
      ended.set(handle, ledger.add("timer", `${name}, ${delayMs ?? 0} ms`));
      return handle;
    };
    return Object.assign(watched, schedule) as unknown as typeof setTimeout;
  };
  globalThis.setTimeout = start("setTimeout", false, setTimeout);
  globalThis.setInterval = start("setInterval", true, setInterval as typeof setTimeout) as typeof setInterval;
  globalThis.clearTimeout = (handle) => {
    end(handle);
    clearTimeout(handle);
  };
  globalThis.clearInterval = (handle) => {
    end(handle);
    clearInterval(handle);
  };
}

interface ListenerTarget {
  addEventListener: EventTarget["addEventListener"];
  removeEventListener: EventTarget["removeEventListener"];
}

/** Listeners on event targets, the signals among them. One on a target that is gone is gone itself. */
export function watchListeners(ledger: ResourceLedger): void {
  // Of Node and of the environment, which may have event targets of its own.
  const prototypes = new Set<ListenerTarget>();
  for (const { prototype } of [globalThis.EventTarget, globalThis.AbortSignal, globalThis.MessagePort]) {
    let owner: object | null = prototype;
    while (owner !== null && !Object.hasOwn(owner, "addEventListener")) owner = Object.getPrototypeOf(owner);
    if (owner !== null) prototypes.add(owner as ListenerTarget);
  }
  for (const prototype of prototypes) watchListenersOf(prototype, ledger);
}

type Options = boolean | AddEventListenerOptions | undefined | null;

const nameOf = (type: string, options: Options): string =>
  `${type}${(typeof options === "object" ? options?.capture : options) ? ", capturing" : ""}`;

interface Registered {
  /** What was really added: a listener for one event is wrapped, to know when it is spent. */
  readonly added: EventListenerOrEventListenerObject;
  readonly end: () => void;
}

function watchListenersOf(prototype: ListenerTarget, ledger: ResourceLedger): void {
  const { addEventListener, removeEventListener } = prototype;
  /** By target and listener, then by type and phase. */
  const registered = new WeakMap<object, WeakMap<object, Map<string, Registered>>>();
  const namesOf = (target: object, listener: object): Map<string, Registered> => {
    const ofTarget = registered.get(target) ?? new WeakMap<object, Map<string, Registered>>();
    registered.set(target, ofTarget);
    const names = ofTarget.get(listener) ?? new Map<string, Registered>();
    ofTarget.set(listener, names);
    return names;
  };
  // Node listens to a listener's own signal, in the same call.
  let inside = false;
  prototype.addEventListener = function (this: EventTarget, type, listener, options) {
    if (inside || listener === null || typeof type !== "string") {
      addEventListener.call(this, type, listener, options);
      return;
    }
    const names = namesOf(this, listener);
    const name = nameOf(type, options);
    if (names.has(name)) return;
    const forget = ledger.add("listener", `"${name}" on ${this.constructor.name}`, isThere(this));
    const end = (): void => {
      forget();
      names.delete(name);
    };
    const { once, signal } = typeof options === "object" ? (options ?? {}) : {};
    const added = once ? endingWith(listener, end) : listener;
    names.set(name, { added, end });
    if (signal) addEventListener.call(signal, "abort", end, { once: true });
    inside = true;
    try {
      addEventListener.call(this, type, added, options);
    } finally {
      inside = false;
    }
  };
  prototype.removeEventListener = function (this: EventTarget, type, listener, options) {
    const found = listener === null ? undefined : registered.get(this)?.get(listener)?.get(nameOf(type, options));
    found?.end();
    removeEventListener.call(this, type, found?.added ?? listener, options);
  };
}

function endingWith(listener: EventListenerOrEventListenerObject, end: () => void): EventListener {
  return function (this: unknown, event) {
    end();
    if (typeof listener === "function") listener.call(this as EventTarget, event);
    else listener.handleEvent(event);
  };
}

/** Made by itself, so that the answer refers to nothing else that would keep the target. */
function isThere(target: object): () => boolean {
  const reference = new WeakRef(target);
  return () => reference.deref() !== undefined;
}

/** Sockets that were connected, servers that listen, child processes and worker threads. */
export function watchProcess(ledger: ResourceLedger): void {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    ledger.add("socket", "a client's connection", () => !this.destroyed);
    return Reflect.apply(connect, this, args);
  };
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    const server: net.Server = Reflect.apply(listen, this, args);
    const open = ledger.add("server", "a listening server");
    server.once("close", open);
    server.once("error", () => server.listening || open());
    return server;
  };
  const prototype = ChildProcess.prototype as object as { spawn: unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, ...args: [{ file?: string }]) {
    const result: unknown = Reflect.apply(spawn as (...args: unknown[]) => unknown, this, args);
    const isLive = (): boolean => this.pid !== undefined && this.exitCode === null && this.signalCode === null;
    ledger.add("child process", `${args[0]?.file} (${this.pid})`, isLive);
    return result;
  };
  workerThreads.Worker = class extends workerThreads.Worker {
    constructor(...args: ConstructorParameters<typeof workerThreads.Worker>) {
      super(...args);
      this.once("exit", ledger.add("worker", `thread ${this.threadId}`));
    }
  };
  syncBuiltinESMExports();
}
