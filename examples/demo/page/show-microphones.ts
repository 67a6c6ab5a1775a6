import type { MicrophoneInfo } from "loquilex";
import { make, type PageElements } from "./page-elements.js";

/** Offers the microphones that can be told apart, none before the permission, and keeps the choice while it is there. */
export function showMicrophones(
  page: PageElements,
  microphones: readonly Pick<MicrophoneInfo, "deviceId" | "label" | "isDefault">[],
): void {
  const chosen = page.microphone.value;
  const known = microphones.filter(({ deviceId, label }) => deviceId !== "" && label !== "");
  const current = known.find(({ isDefault }) => isDefault);
  const systemDefault = { deviceId: "", label: current ? `System default (${current.label})` : "System default" };
  const choices = [systemDefault, ...known].map(({ deviceId, label }) => {
    const option = make(page, "option", label);
    option.value = deviceId;
    return option;
  });
  page.microphone.replaceChildren(...choices);
  page.microphone.value = known.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}
