/**
 * Loaded into a backend that a test starts: its standard input is a pipe that the test's process holds, which ends with
 * that process in whatever way it ends, and then the backend ends with all it started. Nobody else would end it.
 */
process.stdin.on("end", () => {
  // The first process of a namespace of process numbers takes all others in it along.
  if (process.pid === 1) process.exit(1);
  process.kill(-process.pid, "SIGKILL");
});
process.stdin.resume();
// A backend that has nothing left to do still ends by itself.
if ("unref" in process.stdin && typeof process.stdin.unref === "function") process.stdin.unref();
