import type { AudioFormat } from "../../capture/source.js";
import type { PlaybackInlet } from "../../host/imported-playback.js";
import type { Scope } from "../../internal/scope.js";
import type { FromPlayer, LoudSpan, ToPage, ToRunningSide } from "../port-messages.js";
import { Downlink } from "./downlink.js";
import { HalfDuplex } from "./half-duplex.js";

/** Takes the server's audio on the running side; see {@link PlaybackOpener}. Frames go to the audio thread and not by the page. */
export function openPlayback(scope: Scope, say: (data: string) => void, format: AudioFormat): PlaybackInlet {
  let page: MessagePort | undefined;
  let player: MessagePort | undefined;
  const own = (port: MessagePort, name: string): MessagePort => {
    scope.defer(name, () => port.close());
    return port;
  };
  const toPage = (message: ToPage): void => page?.postMessage(message);
  const halfDuplex = new HalfDuplex(format, (isSilenced, position) =>
    toPage({ type: "half-duplex", isSilenced, position }),
  );
  const downlink = new Downlink({
    say,
    toPage,
    toPlayer: (message, transfer) => player?.postMessage(message, [...transfer]),
  });
  return {
    name: downlink.name,
    receive: (data, live) => downlink.receive(data, live),
    left: () => downlink.left(),
    onCaptured: (frame) => halfDuplex.onCaptured(frame),
    connect(port) {
      page = own(port, "playback port");
      scope.listen(page, "message", ({ data }: MessageEvent<ToRunningSide>) => {
        if (data.type === "clock") {
          halfDuplex.setClock(data.clock);
          return;
        }
        player = own(data.port, "player port");
        scope.listen(player, "message", ({ data: said }: MessageEvent<FromPlayer | LoudSpan>) => {
          if (said.type === "loud") halfDuplex.hear(said);
          else downlink.hear(said);
        });
        player.start();
      });
      page.start();
    },
  };
}
