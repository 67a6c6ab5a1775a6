import { checkObject, isObject } from "../../internal/arguments.js";
import { isNode } from "../graph/audio-graph.js";
import { captureFailed } from "../media-errors.js";
import type { AudioSource } from "../source.js";
import type { CaptureOptions, FollowerParts } from "./capture-options.js";
import { GivenStream, trackOf } from "./given-stream.js";
import { MicrophoneCapture } from "./microphone-capture.js";
import { checkMicrophoneOptions, type MicrophoneOptions } from "./microphone-options.js";

/** How given sound is captured. A node is captured in its own context. */
export type MediaStreamSourceOptions = Pick<MicrophoneOptions, "channels" | "audioContext" | "workletUrl">;

/**
 * Sound that the page has already: a tab or a screen that is shared, a call, an element, a mixer. Of a stream, the first
 * audio track that is live when the source is opened is captured, and, when that one is removed or ends, the first live one
 * that the stream has then. The stream is looked at every second, since a page that changes it fires no event; so add
 * the new track before you stop the old one. What is given stays the caller's: it is neither stopped nor closed. A track
 * that ends, or that the page stops, ends the stream with `device-lost`, after its last sample, if there is no other.
 * Tracks are also played by a muted audio element while they are captured, because Chromium keeps
 * sound that came over WebRTC silent otherwise.
 * @throws TypeError naming what is wrong.
 */
export function mediaStream(
  input: MediaStream | MediaStreamTrack | AudioNode,
  options: MediaStreamSourceOptions = {},
): AudioSource {
  checkObject("options", options);
  const { channels, audioContext, workletUrl } = options;
  const common = { channels, audioContext, workletUrl };
  checkMicrophoneOptions(common);
  if (!isObject(input)) throw new TypeError("input must be a MediaStream, a MediaStreamTrack or an AudioNode.");
  if (isNode(input)) return source({ ...common, ...ofNode(input, audioContext) });
  if (!("getAudioTracks" in input)) {
    checkMicrophoneOptions({ ...common, track: input });
    return source({ ...common, track: input });
  }
  return {
    canGate: true,
    open: async (openOptions) => {
      // Looked up when it is needed: tracks may be added until then.
      const track = trackOf(input) ?? input.getAudioTracks()[0];
      if (track === undefined) {
        throw captureFailed("The given MediaStream has no audio track. Share the sound too, and start again.");
      }
      const follow = (parts: FollowerParts) => new GivenStream(input, parts);
      return MicrophoneCapture.open({ ...common, track, follow }, openOptions);
    },
  };
}

function ofNode(node: AudioNode, audioContext: AudioContext | undefined): CaptureOptions {
  const { context } = node;
  if (node.numberOfOutputs === 0)
    throw new TypeError("input is a node without an output: give one that sound comes out of.");
  if (!isRealTime(context))
    throw new TypeError("input belongs to an OfflineAudioContext, which is not captured in real time.");
  if (audioContext !== undefined && audioContext !== context) {
    throw new TypeError("audioContext is not the node's own: leave it out.");
  }
  return { node, audioContext: context };
}

function isRealTime(context: BaseAudioContext): context is AudioContext {
  return "createMediaStreamSource" in context;
}

function source(asked: CaptureOptions): AudioSource {
  return { canGate: true, open: (openOptions) => MicrophoneCapture.open(asked, openOptions) };
}
