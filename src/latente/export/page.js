"use strict";
const page = JSON.parse(document.getElementById("page").textContent);
const [height, width] = page.shape;
const $ = (id) => document.getElementById(id);

const TEXTS = {
  en: {
    other: "Español", otherCode: "es",
    about: "What this variational autoencoder draws, decoded beforehand: the page needs no server and no network.",
    class: "Class", classesLeftOut: `and ${page.classes_left_out} more, not shown`,
    discrete: "The codes of this model are discrete: there is no plane to move in and no latent to move alone.",
    plane: "The latent plane",
    planeHow: "Each cell is a decoded code; other latents are 0. Move the pointer over it, or use the two sliders.",
    traversals: "One latent at a time",
    traversalsHow: "Each slider moves one latent through quantiles of N(0, 1), the others at 0. The most informative come first."
      + (page.traversals && page.traversals.left_out ? ` ${page.traversals.left_out} more are not shown.` : ""),
    reset: "All to the middle", inactive: "inactive",
    journey: "From image to image",
    journeyHow: "The line between the codes of test images, decoded. At each stop the middle is a reconstruction."
      + (page.classes.length ? " The class is that of the nearer end." : ""),
    scrub: "Move along the path", image: "Test image", decoded: "decoded", reconstruction: "reconstruction",
    noJourney: "The test images were not at hand when this page was made, so there is no interpolation between them.",
    samples: "Samples from the prior",
    samplesHow: page.prior === "StandardNormal" ? "Codes drawn from N(0, I), decoded: no image went in."
      : page.prior === "fitted" ? "Codes drawn from a mixture fitted to those of the training images, decoded."
      : `Codes drawn from the model's own prior (${page.prior}), decoded: no image went in.`,
  },
  es: {
    other: "English", otherCode: "en",
    about: "Lo que dibuja este autoencoder variacional, decodificado de antemano: la página no necesita servidor ni red.",
    class: "Clase", classesLeftOut: `y ${page.classes_left_out} más, que no se muestran`,
    discrete: "Los códigos de este modelo son discretos: no hay plano por el que moverse ni latente que mover por separado.",
    plane: "El plano latente",
    planeHow: "Cada celda es un código decodificado; los demás latentes valen 0. Mueva el puntero por encima o use los dos deslizadores.",
    traversals: "Un latente cada vez",
    traversalsHow: "Cada deslizador recorre un latente por los cuantiles de N(0, 1), con los demás a 0. Primero, los más informativos."
      + (page.traversals && page.traversals.left_out ? ` Hay ${page.traversals.left_out} más que no se muestran.` : ""),
    reset: "Todos al centro", inactive: "inactivo",
    journey: "De imagen a imagen",
    journeyHow: "La línea entre los códigos de imágenes de prueba, decodificada. En cada parada, el centro es una reconstrucción."
      + (page.classes.length ? " La clase es la del extremo más cercano." : ""),
    scrub: "Recorrer el camino", image: "Imagen de prueba", decoded: "decodificada", reconstruction: "reconstrucción",
    noJourney: "Las imágenes de prueba no estaban disponibles al crear esta página, así que no hay interpolación entre ellas.",
    samples: "Muestras de la distribución a priori",
    samplesHow: page.prior === "StandardNormal" ? "Códigos extraídos de N(0, I) y decodificados: no entró ninguna imagen."
      : page.prior === "fitted" ? "Códigos extraídos de una mezcla ajustada a los de las imágenes de entrenamiento y decodificados."
      : `Códigos extraídos de la distribución a priori del propio modelo (${page.prior}) y decodificados: no entró ninguna imagen.`,
  },
};
let language = navigator.language.startsWith("es") ? "es" : "en";
let shownClass = 0;
const redraw = []; // what each part does when the class or the language changes

/** Draw one image of a sheet over a whole canvas. */
async function cell(canvas, address, columns, index) {
  const image = await picture(address);
  canvas.width = width;
  canvas.height = height;
  const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
  canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
}

async function whole(canvas, address) {
  const image = await picture(address);
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
}

const pictures = new Map();
function picture(address) {
  if (!pictures.has(address)) {
    const image = new Image();
    image.src = address;
    pictures.set(address, image.decode().then(() => image));
  }
  return pictures.get(address);
}

const signed = (value) => new Intl.NumberFormat(language, {
  minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero",
}).format(value);

function plane({ values, sheets }) {
  const [map, across, up, box] = [$("map"), $("across"), $("up"), document.querySelector(".map i")];
  const side = values.length;
  for (const slider of [across, up]) {
    slider.max = side - 1;
    slider.value = Math.floor(side / 2);
    slider.addEventListener("input", show);
  }
  const point = (event) => {
    const area = map.getBoundingClientRect();
    const at = (share) => Math.min(side - 1, Math.max(0, Math.floor(share * side)));
    across.value = at((event.clientX - area.left) / area.width);
    up.value = side - 1 - at((event.clientY - area.top) / area.height);
    show();
  };
  map.addEventListener("pointermove", point);
  map.addEventListener("pointerdown", point);
  function show() {
    const [x, y] = [+across.value, +up.value];
    for (const [slider, value] of [[across, values[x]], [up, values[y]]]) {
      $(`${slider.id}-value`).value = signed(value);
      slider.setAttribute("aria-valuetext", signed(value));
    }
    Object.assign(box.style, {
      left: `${(100 * x) / side}%`, top: `${(100 * (side - 1 - y)) / side}%`,
      width: `${100 / side}%`, height: `${100 / side}%`,
    });
    cell($("under"), sheets[shownClass], side, (side - 1 - y) * side + x);
  }
  redraw.push(() => { whole(map, sheets[shownClass]); show(); });
}

function traversals({ latents, values, sheets }) {
  const [middle, start] = [Math.floor(values.length / 2), values.length - 3]; // off the middle, where all are alike
  const cards = latents.map(({ z, kl, dead }, row) => {
    const card = document.createElement("div");
    card.className = dead ? "card dead" : "card";
    card.innerHTML = `<canvas role="img" aria-label="z ${z}"></canvas><label for="z${z}"><b>z ${z}</b><span class="soft"></span></label>
      <input id="z${z}" type="range" min="0" max="${values.length - 1}" step="1" value="${start}"><output for="z${z}"></output>`;
    const slider = card.querySelector("input");
    const show = () => {
      const text = kl === null ? "" : `KL ${new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(kl)} nats`;
      card.querySelector("span").textContent = dead ? `${text} · ${TEXTS[language].inactive}` : text;
      card.querySelector("output").value = signed(values[slider.value]);
      slider.setAttribute("aria-valuetext", signed(values[slider.value]));
      cell(card.querySelector("canvas"), sheets[shownClass], values.length, row * values.length + +slider.value);
    };
    slider.addEventListener("input", show);
    redraw.push(show);
    $("latents").append(card);
    return [slider, show];
  });
  $("reset").addEventListener("click", () => cards.forEach(([slider, show]) => { slider.value = middle; show(); }));
}

function journey({ stops, steps, frames, originals }) {
  const scrub = $("scrub");
  scrub.max = (stops.length - 1) * steps;
  const show = () => {
    const text = TEXTS[language];
    const at = Math.min(Math.floor(scrub.value / steps), stops.length - 2);
    const done = (scrub.value - at * steps) / steps;
    cell($("frame"), frames, steps, +scrub.value);
    cell($("from"), originals, stops.length, at);
    cell($("to"), originals, stops.length, at + 1);
    $("from-name").textContent = `${text.image} ${stops[at]}`;
    $("to-name").textContent = `${text.image} ${stops[at + 1]}`;
    const percent = new Intl.NumberFormat(language, { style: "percent" }).format(done);
    $("frame-name").textContent = done === 0 || done === 1 ? text.reconstruction : `${text.decoded}, ${percent}`;
    scrub.setAttribute("aria-valuetext", `${stops[at]} → ${stops[at + 1]}: ${percent}`);
  };
  scrub.addEventListener("input", show);
  redraw.push(show);
}

function translate() {
  const text = TEXTS[language];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text[element.dataset.text];
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = text[element.dataset.label];
  Object.assign($("language"), { textContent: text.other, lang: text.otherCode });
  redraw.forEach((show) => show());
}

if (page.plane) plane(page.plane);
if (page.traversals) traversals(page.traversals);
if (page.journey) journey(page.journey);
redraw.push(() => whole($("samples"), page.samples[shownClass]));
$("language").addEventListener("click", () => { language = TEXTS[language].otherCode; translate(); });
if (page.classes.length) {
  $("class").addEventListener("change", (event) => { shownClass = +event.target.value; redraw.forEach((show) => show()); });
}
translate();
