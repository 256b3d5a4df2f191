/** Building the page: elements, what is loading or failed, and work that must not pile up. */

import { t } from "./language.js";

/** An element. Attributes that start with "on" are listeners; true and false set or leave out an attribute. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);

/** A control with its label. */
export const field = (label, control, ...more) =>
  h("label", { class: "field" }, h("span", {}, label), control, ...more);

/** A choice among [value, text] pairs. */
export function choice(options, chosen, changed, attributes = {}) {
  const list = options.map(([value, text]) => h("option", { value, selected: String(value) === String(chosen) }, text));
  return h("select", { onchange: (event) => changed(event.target.value), ...attributes }, ...list);
}

/** An image with its caption. */
export function figure(caption, attributes = {}) {
  const image = h("img", { class: "pixels", alt: "", ...attributes });
  const text = h("figcaption", {}, caption);
  return { element: h("figure", {}, image, text), image, caption: text };
}

/** A place that says what is loading, empty or failed. Screen readers hear it. */
export function statusLine() {
  const element = h("div", { class: "status", role: "status" });
  let timer = null;
  const show = (...children) => {
    clearTimeout(timer);
    if (children.length || element.hasChildNodes()) element.replaceChildren(...children);
  };
  return {
    element,
    clear: () => show(),
    say: (text) => show(h("p", {}, text)),
    // Most answers come within milliseconds; a notice that flashes would only distract.
    loading: (text = t("Loading …")) => {
      clearTimeout(timer);
      timer = setTimeout(() => show(h("p", { class: "soft" }, text)), 200);
    },
    failed: (error, retry) => show(failure(error, retry)),
  };
}

function failure(error, retry) {
  const detail =
    error.status === 0 ? t("The service does not answer. Is latente serve still running?") : error.detail || t("The service answered with status {status} and no explanation.", { status: error.status ?? "?" });
  // The service writes its sentences in English.
  const text = h("p", error.detail ? { lang: "en" } : {}, detail);
  return h(
    "div",
    { class: "failed" },
    h("p", {}, h("strong", {}, t("That did not work."))),
    text,
    retry ? button(t("Try again"), retry) : null,
  );
}

/** Do the work; while it lasts say so, and if it fails say why and offer to try again. */
export async function attempt(status, work, text) {
  status.loading(text);
  try {
    await work();
    status.clear();
  } catch (error) {
    fail(status, error, () => attempt(status, work, text));
  }
}

/** Say what failed, unless the reader has gone on to something else; a mistake of the page's own goes to the console. */
function fail(status, error, retry) {
  if (error.name === "AbortError") return;
  if (error.status === undefined) console.error(error);
  status.failed(error, retry);
}

/** At most one piece of work at a time, and always for the newest request; those between are dropped. */
export function latest(work, status) {
  let waiting = null;
  let busy = false;
  const ask = async (request) => {
    waiting = { request };
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const next = waiting.request;
        waiting = null;
        await work(next);
        status.clear();
      }
    } catch (error) {
      fail(status, error, () => ask(waiting?.request ?? request));
    } finally {
      busy = false;
    }
  };
  return ask;
}
