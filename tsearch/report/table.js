const table = document.querySelector(".trials"), filter = document.querySelector(".filter");
const more = document.querySelector(".more"), ROWS = 50;
let isWhole = false;

function sortBy(head) {
  const body = table.tBodies[0], column = head.cellIndex;
  const sign = head.ariaSort === "ascending" ? -1 : 1;
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => Number.isNaN(a - b) ? order(a, b) : a - b;
  const rows = [...body.rows].sort((a, b) => sign * compare(value(a), value(b)));
  table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  body.append(...rows);
  showRows();
}

// Of the rows that hold the text of the filter, the first ones are shown until all are asked for.
function showRows() {
  const wanted = filter.value.trim().toLowerCase(), rows = [...table.tBodies[0].rows];
  const found = rows.filter(row => row.textContent.toLowerCase().includes(wanted));
  const shown = new Set(isWhole ? found : found.slice(0, ROWS));
  rows.forEach(row => { row.hidden = !shown.has(row); });
  document.querySelector(".count").textContent = `${shown.size} of ${rows.length} trials shown`;
  more.hidden = shown.size === found.length;
  more.firstElementChild.textContent = `show all ${found.length}`;
}

function copy(button) {
  const range = document.createRange(), said = button.querySelector("i");
  range.selectNodeContents(button.querySelector("code"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  const isCopied = document.execCommand("copy");
  getSelection().removeAllRanges();
  said.textContent = isCopied ? "copied" : "not copied";
  setTimeout(() => { said.textContent = "copy"; }, 1500);
}

if (table) {
  showRows();
  filter.addEventListener("input", showRows);
  more.addEventListener("click", () => { isWhole = true; showRows(); });
  table.querySelectorAll("th").forEach(head => {
    if (head.querySelector("button")) head.addEventListener("click", () => sortBy(head));
  });
}
document.addEventListener("click", event => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});
