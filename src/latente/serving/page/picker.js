/** Choosing an image: one of the test split, or a file. */

import { testImage } from "./api.js";
import { button, choice, field, figure, h } from "./dom.js";
import { t } from "./language.js";
import { describe, imageName, testLabels } from "./testset.js";

/**
 * A control for one image. Its value is {test, label} or {file, name, label}, or null while nothing is chosen.
 * `changed` is called when the reader has chosen another.
 */
export function imagePicker({ run, title, changed }) {
  const shown = figure(t("No image yet"));
  shown.image.hidden = true;
  const index = h("input", { type: "number", min: 0, max: (run.test_images ?? 1) - 1, step: 1, inputmode: "numeric" });
  const classes = run.classes.length ? choice(Object.entries(run.classes), 0, (label) => relabel(Number(label))) : null;
  let value = null;

  async function set(chosen, tell = true) {
    value = chosen;
    shown.image.src = chosen.file ?? testImage(run, chosen.test);
    shown.image.hidden = false;
    shown.image.alt = chosen.name ?? imageName(chosen.test);
    shown.caption.textContent = shown.image.alt;
    index.value = chosen.test ?? "";
    if (chosen.file === undefined) await name(chosen);
    if (value !== chosen) return;
    if (classes) {
      value.label ??= Number(classes.value);
      classes.value = value.label;
    }
    if (tell) changed();
  }

  async function name(chosen) {
    const text = describe(run, chosen.test).then((found) => {
      if (value === chosen) shown.caption.textContent = found;
    });
    // A conditional model must be told the class: wait for it, where the service knows it.
    if (classes) chosen.label ??= (await testLabels(run)).get(chosen.test)?.label;
    if (classes) await text;
  }

  function relabel(label) {
    if (value === null) return;
    value = { ...value, label };
    changed();
  }

  const open = (file) => {
    const reader = new FileReader();
    reader.onload = () => set({ file: reader.result, name: file.name });
    reader.readAsDataURL(file);
  };
  index.addEventListener("change", () => {
    if (index.value !== "" && index.reportValidity()) set({ test: Number(index.value) });
  });
  const element = h(
    "fieldset",
    { class: "picker" },
    h("legend", {}, title),
    shown.element,
    h(
      "div",
      { class: "controls" },
      run.test_images === null ? null : field(t("Test image"), index),
      run.test_images === null ? null : button(t("Random"), () => set({ test: random(run.test_images) })),
      upload(open),
      classes ? field(t("Class"), classes) : null,
    ),
  );
  acceptDrops(element, open);
  return { element, set, value: () => value, labels: () => value?.label };
}

const random = (n) => Math.floor(Math.random() * n);

/** How a chosen image is sent. */
export const asImage = (value) => value.file ?? { test: value.test };

function upload(open) {
  const input = h("input", { type: "file", accept: "image/*", class: "hidden" });
  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  return h("label", { class: "button" }, t("Upload or drop"), input);
}

function acceptDrops(element, open) {
  const over = (on) => (event) => {
    event.preventDefault();
    element.classList.toggle("over", on);
  };
  element.addEventListener("dragover", over(true));
  element.addEventListener("dragleave", over(false));
  element.addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });
}

const STRIP = 24;

/** Test images to choose from, some at a time; null where the data are not at hand. */
export function testStrip(run, pick) {
  if (run.test_images === null) return null;
  let first = 0;
  const grid = h("div", { class: "strip" });
  const range = h("span", { class: "soft" });
  const item = (index) => {
    const alt = imageName(index);
    return h(
      "button",
      { type: "button", title: alt, onclick: () => pick(index) },
      h("img", { class: "pixels", src: testImage(run, index), alt }),
    );
  };
  const turn = (step) => {
    first = Math.min(Math.max(first + step, 0), Math.max(run.test_images - STRIP, 0));
    const last = Math.min(first + STRIP, run.test_images);
    grid.replaceChildren(...Array.from({ length: last - first }, (_, i) => item(first + i)));
    range.textContent = t("{first} to {last} of {all} images", { first, last: last - 1, all: run.test_images });
  };
  turn(0);
  const turner = h(
    "div",
    { class: "controls" },
    button(t("Previous"), () => turn(-STRIP)),
    button(t("Next"), () => turn(STRIP)),
    range,
  );
  return h("div", {}, h("h2", {}, t("Test images")), grid, turner);
}
