// Labels of points are moved to a free corner of their point, and left out where none is free; the pointer still tells.
function placeLabels(figure) {
  const taken = [...marks(figure), ...arrow(figure)];
  const frame = figure.querySelector(".nsewdrag").getBoundingClientRect();
  const rank = text => text.startsWith("\u2212") ? 0 : text === "knee" ? 1 : 2;
  const labels = [...figure.querySelectorAll(".scatterlayer .textpoint")];
  labels.sort((a, b) => rank(a.textContent) - rank(b.textContent));
  for (const label of labels) {
    label.style.translate = label.style.visibility = "";
    const box = label.getBoundingClientRect();
    const shift = shifts(box, rank(label.textContent)).find(([dx, dy]) => isFree(moved(box, dx, dy), taken, frame));
    if (shift) {
      label.style.translate = `${shift[0]}px ${shift[1]}px`;
      taken.push(moved(box, ...shift));
    } else label.style.visibility = "hidden";
  }
}

// From the corner where plotly puts a label to the other corners of its point, and above or below it; the saving may
// stand on any side of its arrow.
function shifts(box, rank) {
  const sign = rank === 1 ? 1 : -1, across = sign * (box.width + 24), up = sign * (box.height + 18);
  const corners = [[0, 0], [across, 0], [0, up], [across, up], [across / 2, 0], [across / 2, up]];
  return rank ? corners : [...corners, [-across / 2, 0], [-across / 2, up], [across / 2, up / 2], [-across / 2, up / 2]];
}

const moved = (box, dx, dy) => ({ left: box.left + dx, right: box.right + dx, top: box.top + dy, bottom: box.bottom + dy });
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const isFree = (box, taken, frame) => box.left >= frame.left && box.right <= frame.right && box.top >= frame.top &&
  box.bottom <= frame.bottom && !taken.some(other => overlap(box, other));

function marks(figure) {
  const inner = box => ({ left: box.left + 2, right: box.right - 2, top: box.top + 2, bottom: box.bottom - 2 });
  return [...figure.querySelectorAll(".scatterlayer .point")].map(point => inner(point.getBoundingClientRect()));
}

function arrow(figure) {
  const path = figure.querySelector(".annotation-arrow-g path");
  if (!path) return [];
  const matrix = path.getScreenCTM(), boxes = [];
  for (let at = 0; at <= path.getTotalLength(); at += 6) {
    const { x, y } = path.getPointAtLength(at).matrixTransform(matrix);
    boxes.push({ left: x - 3, right: x + 3, top: y - 3, bottom: y + 3 });
  }
  return boxes;
}
