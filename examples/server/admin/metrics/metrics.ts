import type { Clock } from "loquilex/resources";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { SessionManager } from "../../session-manager.js";
import type { StoreHealth } from "../../store/store.js";

/** How exactly the delay of the event loop is measured, in milliseconds. Each measurement wakes the process. */
const DELAY_PRECISION_MS = 20;

/** Anybody may ask, and with many connections reading takes a while: all who ask within this time are told the same. */
const SHARED_MS = 500;

/** What the chosen engine does. */
export interface EngineFigures {
  readonly name: string;
  /** Sessions that it works for. */
  readonly runs: number;
  /** How often it has failed so far. */
  readonly failures: number;
}

export interface MetricsSources {
  readonly manager: Pick<SessionManager, "sessionCount" | "connectionCount" | "refused" | "works" | "figures">;
  readonly engines: EngineFigures;
  readonly store: { readonly health: StoreHealth };
  readonly clock: Clock;
  isReady(): boolean;
}

/** The server's figures as Prometheus reads them. Nothing in them names a session, a client or a token. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #clock: Clock;
  #text: Promise<string> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor({ manager, engines, store, clock, isReady }: MetricsSources) {
    this.#clock = clock;
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: DELAY_PRECISION_MS });
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        ...{ name, help, registers },
        collect() {
          this.set(read());
        },
      });
    };
    /** One whose labels and values are read anew each time. */
    const gauges = (name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void => {
      new Gauge({
        ...{ name, help, registers, labelNames: [label] },
        collect() {
          this.reset();
          for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count);
        },
      });
    };
    const counters = (
      name: string,
      help: string,
      label: string,
      read: () => Readonly<Record<string, number>>,
    ): void => {
      new Counter({
        ...{ name, help, registers, labelNames: [label] },
        collect() {
          this.reset();
          for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
        },
      });
    };
    const { figures } = manager;
    gauge("loquilex_ready", "1 while the server takes new sessions.", () => Number(isReady()));
    gauge("loquilex_store_up", "1 while sessions can be kept.", () => Number(store.health.ok));
    gauge("loquilex_connections", "Clients that are connected.", () => manager.connectionCount);
    gauge("loquilex_sessions", "Sessions that are attached or wait for their client.", () => manager.sessionCount);
    gauges("loquilex_queue_samples", "Samples that wait, by queue.", "queue", () => ({
      ...manager.works.queuedSamples,
    }));
    gauge("loquilex_engine_sessions", "Sessions that the chosen engine works for.", () => engines.runs);
    counters("loquilex_engine_failures_total", "How often an engine failed.", "engine", () => ({
      [engines.name]: engines.failures,
    }));
    counters("loquilex_audio_acks_total", "Acknowledgements of audio.", "kind", () => ({
      audio: figures.sent.counts["audio.ack"] ?? 0,
    }));
    counters("loquilex_openings_total", "Connections that became a session's.", "answer", () => ({
      began: figures.sent.counts["session.new"] ?? 0,
      resumed: figures.sent.counts["session.ack"] ?? 0,
    }));
    counters(
      "loquilex_sessions_finished_total",
      "Sessions that are over, by reason.",
      "reason",
      () => figures.finished.counts,
    );
    counters("loquilex_dropped_audio_ms_total", "Audio lost in the server, by queue.", "queue", () => ({
      ...{ engine: 0, recording: 0 },
      ...figures.droppedMs.counts,
    }));
    counters(
      "loquilex_refusals_total",
      "Clients turned away, by reason or close code.",
      "reason",
      () => manager.refused,
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    const now = this.#clock.now();
    if (this.#text === undefined || now - this.#readAt >= SHARED_MS) {
      this.#readAt = now;
      this.#text = this.#registry.metrics();
    }
    return this.#text;
  }
}
