/** What is the same in every application: the elements of its page, and the token of its own server. It is not counted. */
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

export const page = {
  start: byId("start"),
  stop: byId("stop"),
  microphones: /** @type {HTMLSelectElement} */ (byId("microphones")),
  captions: byId("captions"),
  problem: byId("problem"),
};

export const show = (/** @type {HTMLElement} */ element, /** @type {string} */ text) => {
  element.textContent = text;
};

/** @returns {Promise<string>} */
export const fetchToken = async () => (await fetch("/token")).text();
