/** The other end of `asked-program.ts`: answers each request, and ends when nobody is left to ask. */
export function answerRequests<T>(answer: (request: T) => Promise<object>): void {
  process.on("message", (request: T) => {
    // An error ends the program, and so whoever waits for the answer hears of it.
    void answer(request).then((answered) => process.send?.(answered));
  });
  process.on("disconnect", () => process.exit());
}
