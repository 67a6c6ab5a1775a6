/** What a sender counts, as in `SessionStats`. */
export const newSenderStats = () => ({
  framesCaptured: 0,
  samplesCaptured: 0,
  samplesWithheld: 0,
  framesSent: 0,
  framesRetransmitted: 0,
  captureGaps: 0,
});
