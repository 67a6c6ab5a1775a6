/** A program for tests that kill it: owns one subprocess, given as a shell command, and prints what that prints. */
import { Scope, systemClock } from "loquilex/resources";
import { SubprocessSession } from "../../examples/server/subprocess-session.js";

new SubprocessSession({
  command: "sh",
  args: ["-c", process.argv[2] ?? ""],
  env: process.env,
  clock: systemClock,
  scope: new Scope({ name: "owner" }),
  onLine: (line) => process.stdout.write(`${line}\n`),
  onExit: () => {},
});
process.on("exit", () => SubprocessSession.killAll());
process.on("SIGTERM", () => process.exit(1));
