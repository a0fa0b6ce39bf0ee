// Filters and sorts the table of a class. Without this script the table is whole, in the order of the roster.
"use strict";
(() => {
  const table = document.getElementById("students");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const input = (id) => document.getElementById(id);

  const fails = (row, scenario) =>
    Array.from(row.cells).some((cell) => cell.dataset.scenario === scenario && cell.classList.contains("fail"));

  const shows = {
    all: () => true,
    pass: (row) => row.dataset.status === "pass",
    fail: (row) => row.dataset.status === "fail",
    error: (row) => row.dataset.status === "error",
    late: (row) => Number(row.dataset.late) > 0,
    flagged: (row) => row.dataset.flagged === "1",
  };

  const filter = () => {
    const wanted = input("find").value.trim().toLowerCase();
    const scenario = input("failing").value;
    for (const row of rows) {
      row.hidden = !(
        row.dataset.student.toLowerCase().includes(wanted) &&
        shows[input("show").value](row) &&
        (scenario === "" || fails(row, scenario))
      );
    }
    const shown = rows.filter((row) => !row.hidden).length;
    const count = input("count");
    count.value = count.dataset.text.replace("{shown}", shown).replace("{total}", rows.length);
  };

  const compare = {
    student: (a, b) => a.dataset.student.localeCompare(b.dataset.student, undefined, { numeric: true }),
    points: (a, b) => Number(a.dataset.points) - Number(b.dataset.points),
    late: (a, b) => Number(a.dataset.late) - Number(b.dataset.late),
  };

  const sort = (heading) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const order = compare[heading.dataset.key];
    rows.sort((a, b) => (descending ? order(b, a) : order(a, b)));
    body.append(...rows);
  };

  // A heading becomes a button only here, where it does something.
  for (const heading of table.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
  }

  const controls = input("controls");
  controls.hidden = false;
  controls.addEventListener("input", filter);
  controls.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
