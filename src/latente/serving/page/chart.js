/** Plotly, loaded when a panel first draws, in the page's colours. */

import { current } from "./language.js";

const SERIES = [
  "#4e79a7",
  "#f28e2b",
  "#59a14f",
  "#e15759",
  "#b07aa1",
  "#9c755f",
  "#ff9da7",
  "#76b7b2",
  "#edc948",
  "#8a8f98",
];
let loading = null;

function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/plotly.min.js";
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => {
      loading = null;
      reject(Object.assign(new Error("plotly"), { status: 0 }));
    };
    document.head.append(script);
  });
  return loading;
}

/** The colour of a series or class. */
export const seriesColour = (i) => (i < SERIES.length ? SERIES[i] : `hsl(${(i * 137.5) % 360} 50% 55%)`);

/** A colour of the style sheet, which knows light from dark. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function dressed(layout) {
  const axis = {
    gridcolor: colour("line"),
    zerolinecolor: colour("line"),
    linecolor: colour("line"),
    automargin: true,
  };
  const titled = (own) => ({ ...axis, ...own, title: { text: own?.title ?? "", standoff: 8, font: { size: 13 } } });
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: colour("text") },
    margin: { l: 48, r: 8, t: 8, b: 40 },
    separators: current() === "es" ? ",." : ".,",
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("line"), font: { color: colour("text") } },
    showlegend: false,
    ...layout,
    xaxis: titled(layout.xaxis),
    yaxis: titled(layout.yaxis),
  };
}

/** Draw, or draw anew. The bar of buttons stays away: it speaks English and no keyboard reaches it. */
export async function draw(element, traces, layout, config = {}) {
  const library = await plotly();
  if (!element.isConnected) return null;
  await library.react(element, traces, dressed(layout), {
    displayModeBar: false,
    showTips: false,
    responsive: true,
    ...config,
  });
  return library;
}
