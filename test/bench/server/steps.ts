import type { Table } from "../report.js";

/**
 * What each step brought when it was made, on a machine on which other work ran: only rows of one table compare, and
 * they do roughly. The first table's runs took 8 s, its last one 4 s, and those of the second one 6 s.
 */
export const STEPS: readonly Table[] = [
  {
    title: "What each step brought: streams of 50 frames a second, 2026-11-26",
    columns: [
      { title: "server" },
      { title: "streams" },
      { title: "CPU %" },
      { title: "ack p50 ms" },
      { title: "ack p99 ms" },
    ],
    rows: [
      ["A thread for each session, each recording opened for each write", 100, 52, 126, 229],
      ["One thread for each processor, batches of 100 ms, levels by whole numbers", 200, 87, 160, 359],
      ["The same", 400, 98, 939, 1_359],
      ["One thread and one open handle for recordings, finals in a journal, partials unwritten", 300, 75, 243, 424],
      ["The same; in both rows without the scan of all sessions for each message", 600, 98, 283, 536],
      ["Audio copied when it comes, expected frames in a short lane, acknowledged at once", 600, 86, 199, 728],
      ["The same, fewer promises for each write", 1_000, 98, 218, 358],
    ],
  },
  {
    title: "Whole messages past the WebSocket: 1,000 streams of 50 frames a second, 2026-11-27",
    columns: [
      { title: "server" },
      { title: "CPU %" },
      { title: "ack p50 ms" },
      { title: "ack p99 ms" },
      { title: "event loop p99 ms" },
      { title: "µs of a frame in the collector's threads", digits: 1 },
    ],
    rows: [
      ["As in the last row above", 97, 191, 424, 191, 2.8],
      [
        "Binary messages taken straight from what the socket brought, without a turn of the queue",
        98,
        160,
        351,
        86,
        1.8,
      ],
    ],
  },
  {
    title: "Shares of the server's main thread: 300 streams of 50 frames a second, a profile of 5 s, 2026-11-27",
    columns: [
      { title: "step" },
      { title: "what" },
      { title: "before, %", digits: 1 },
      { title: "after, %", digits: 1 },
    ],
    rows: [
      ["Memory in the size that was needed last, kept until everybody has needed it again", "taking memory", 12.3, 1.3],
      ["Whole texts in the short lane too", "reading by the WebSocket", 16.3, 0],
      ["Both", "idle", 12.7, 24.6],
    ],
  },
  {
    title:
      "Writes and acknowledgements without promises; the disk's answer seen between two sockets; captions encoded once; a message that was cut in two no longer sends all behind it through the WebSocket: loads of 8 s in turn, beside much other work, 2026-11-27",
    columns: [
      { title: "server" },
      { title: "streams" },
      { title: "frames a second of each" },
      { title: "µs a frame", digits: 1 },
      { title: "bare `ws` µs a frame", digits: 1 },
      { title: "ack p50 ms" },
      { title: "ack p99 ms" },
      { title: "streams not acknowledged" },
    ],
    rows: [
      ["As in the rows above", 1_000, 50, 17.8, 13.7, 218, 475, 0],
      ["All four steps", 1_000, 50, 17.6, 13.2, 205, 391, 0],
      ["As in the rows above", 3_000, 10, 30.4, 23.3, 1_969, 10_963, 571],
      ["All four steps", 3_000, 10, 29.8, 22.5, 1_260, 7_422, 0],
    ],
  },
];
