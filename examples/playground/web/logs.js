// SPDX-License-Identifier: BSL-1.0
// Each server's log: a cell is an entry with its term; it is filled once the server knows that it is
// committed, and striped where a snapshot has taken its place.

const COLUMNS = 28;

function drawLogs(table, seen) {
  const last = Math.max(1, ...seen.servers.map(each => each.base + each.log.length));
  const first = Math.max(1, last - COLUMNS + 1);
  const row = document.createElement("tr");
  row.append(cell("th", ""));
  for (let index = first; index <= last; ++index) row.append(cell("th", index));
  const head = document.createElement("thead");
  head.append(row);
  const body = document.createElement("tbody");
  for (const each of seen.servers) body.append(logRow(each, first, last));
  table.replaceChildren(head, body);
}

function cell(kind, text) {
  return Object.assign(document.createElement(kind), {textContent: text});
}

function logRow(each, first, last) {
  const row = document.createElement("tr");
  row.dataset.server = each.id;
  row.className = each.runs ? "" : "down";
  const title = cell("th", "");
  title.append(Object.assign(cell("span", `Server ${each.id}`), {className: "number"}),
    ` ${each.role}, term ${each.term}` + (each.vote ? `, voted for ${each.vote}` : "") +
    `, committed ${each.commit}`);
  row.append(title);
  for (let index = first; index <= last; ++index) row.append(entry(each, index));
  return row;
}

function entry(each, index) {
  const made = cell("td", "");
  if (index <= each.base) {
    made.className = "gone";
  } else if (index <= each.base + each.log.length) {
    const term = each.log[index - each.base - 1];
    made.textContent = term;
    made.style.background = made.style.borderColor = termColour(term);
    if (index > each.commit) made.className = "open";
  }
  return made;
}
