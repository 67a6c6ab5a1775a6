/** What a thread is told when it is to end: it closes its port, and so runs out of work. */
export const STOP = "stop";
