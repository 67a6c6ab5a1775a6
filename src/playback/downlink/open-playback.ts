import type { PlaybackInlet } from "../../host/imported-playback.js";
import type { Scope } from "../../internal/scope.js";
import type { FromPlayer, PlayerPort, ToPage } from "../port-messages.js";
import { Downlink } from "./downlink.js";

/** Takes the server's audio on the running side; see {@link PlaybackOpener}. Frames go to the audio thread and not by the page. */
export function openPlayback(scope: Scope, say: (data: string) => void): PlaybackInlet {
  let page: MessagePort | undefined;
  let player: MessagePort | undefined;
  const own = (port: MessagePort, name: string): MessagePort => {
    scope.defer(name, () => port.close());
    return port;
  };
  const downlink = new Downlink({
    say,
    toPage: (message: ToPage) => page?.postMessage(message),
    toPlayer: (message, transfer) => player?.postMessage(message, [...transfer]),
  });
  return {
    name: downlink.name,
    receive: (data, live) => downlink.receive(data, live),
    left: () => downlink.left(),
    connect(port) {
      page = own(port, "playback port");
      scope.listen(page, "message", ({ data }: MessageEvent<PlayerPort>) => {
        player = own(data.port, "player port");
        scope.listen(player, "message", ({ data: said }: MessageEvent<FromPlayer>) => downlink.hear(said));
        player.start();
      });
      page.start();
    },
  };
}
