/** The geometry and the names of a latent map, as the service answers it: a plane in the latent space, and codes on it. */

import { fixed, t } from "./language.js";
import { imageName } from "./testset.js";

const OFF = 0.02; // the address rounds codes; farther off the plane than this is another code

/** The code of a point: the plane is linear. */
export const codeAt = ({ origin, basis }, [a, b]) => origin.map((o, i) => o + a * basis[0][i] + b * basis[1][i]);

/** Where a code lies on the plane; null without a code, or when it lies off the plane. */
export function pointOf(map, code) {
  if (!code) return null;
  const away = code.map((value, i) => value - map.origin[i]);
  const point = map.basis.map((axis) => axis.reduce((sum, value, i) => sum + value * away[i], 0));
  const gap = codeAt(map, point).map((value, i) => value - code[i]);
  return Math.hypot(...gap) < OFF ? point : null;
}

/** The title of the i-th axis: a latent, or a principal component and its share of the variance. */
export function axisTitle({ latent, variance }, i) {
  const share = String(Math.round(100 * variance));
  return latent === null ? t("PC {i} ({share}% of the variance)", { i: String(i + 1), share }) : `z ${latent}`;
}

/** "PC 1 = 0.80, PC 2 = −1.78", without the share of the variance. */
export function coordinates({ axes }, point) {
  const one = (axis, i) => `${axis.replace(/ \(.*/, "")} = ${fixed(point[i])}`.replaceAll(" ", "\u00a0");
  return axes.map(one).join(", ");
}

/** The labels that occur, in order; one null where there are none. */
export const labelsOf = ({ labels }) => (labels ? [...new Set(labels)].sort((a, b) => a - b) : [null]);

export const nameOfLabel = (map, label) => map.class_names?.[label] ?? String(label);

/** "Test image 17, Sandal", for a position in the map's lists. */
export const nameOfImage = (map, i) =>
  imageName(map.indices[i], map.labels ? nameOfLabel(map, map.labels[i]) : undefined);
