// Draws the lists of a review into the element that holds this script: see lists.py.
(root => {
  const page = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const { texts, history, step, language } = page;
  const collator = new Intl.Collator(language, { numeric: true });
  const count = new Intl.NumberFormat(language === "en" ? "en-GB" : language);

  const make = (tag, properties = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.dataset.lmSuppressShortcuts = "true";  // a key here is no command of JupyterLab
    element.append(...inside);
    return element;
  };
  const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => count.format(values[name]));
  const read = (column, row) => column.words[column.codes[row]];

  const compare = (a, b) => typeof a === "number" ? a - b : collator.compare(a, b);

  function rankRows(column) {  // words are compared once each, not once for every two rows
    const order = column.words.map((_, code) => code);
    order.sort((a, b) => compare(column.words[a], column.words[b]));
    const ranks = [];
    order.forEach((code, rank) => { ranks[code] = rank; });
    return column.codes.map(code => ranks[code]);
  }

  function findRows(columns, term, rows) {
    const finds = columns.map(column => {
      const found = column.words.map(word => String(word).toLowerCase().includes(term));
      return row => found[column.codes[row]];
    });
    return rows.filter(row => finds.some(find => find(row)));
  }

  function makeCell(column, row) {
    const cell = make("td", { className: column.is_number ? "number" : "" });
    const word = read(column, row);
    cell.append(column.is_pseudonym ? make("code", {}, word)
      : column.is_number ? count.format(word) : word);
    return cell;
  }

  function makeTable(columns, title, sort) {
    const heads = columns.map((column, place) => {
      const head = make("th", { scope: "col", className: column.is_number ? "number" : "" });
      const isSorted = sort && column.is_sorted;
      head.append(isSorted
        ? make("button", { type: "button", onclick: () => sort(place) }, column.head)
        : column.head);
      return head;
    });
    const body = make("tbody");
    const table = make("table", {}, make("caption", {}, title),
      make("thead", {}, make("tr", {}, ...heads)), body);
    return { table, body, heads };
  }

  function makeCopier(pseudonym) {
    const code = make("code", {}, pseudonym);
    const button = make("button", { type: "button" }, texts.copy);
    button.onclick = async () => {
      getSelection().selectAllChildren(code);  // so that it can be copied by hand in any case
      if (!navigator.clipboard) return;  // a page from another host without TLS has none
      await navigator.clipboard.writeText(pseudonym);
      button.textContent = texts.copied;
    };
    return make("p", {}, code, " ", button);
  }

  function makeHistory(pseudonym) {
    const person = history.of.words.indexOf(pseudonym);
    if (person < 0) return make("p", {}, texts.elsewhere);
    const { table, body } = makeTable(history.columns, texts.history);
    history.of.codes.forEach((code, row) => {
      if (code !== person) return;
      body.append(make("tr", {}, ...history.columns.map(column => makeCell(column, row))));
    });
    const region = { tabIndex: 0, role: "region", ariaLabel: texts.history };
    return make("div", { className: "scroll", ...region }, table);
  }

  const findPseudonyms = list => list.columns.find(column => column.is_pseudonym);

  function makeDetails(list, row) {
    const facts = (list.details ?? []).filter(column => read(column, row));
    const lines = facts.flatMap(column =>
      [make("dt", {}, column.head), make("dd", {}, read(column, row))]);
    const pseudonym = read(findPseudonyms(list), row);
    return [makeCopier(pseudonym), make("dl", {}, ...lines), makeHistory(pseudonym)];
  }

  function drawList(list) {
    const all = list.columns[0].codes.map((_, row) => row);
    const pseudonyms = findPseudonyms(list);
    const state = { found: all, shown: step, sorted: -1, isUp: true, chosen: -1 };
    const { table, body, heads } = makeTable(list.columns, list.title, sortRows);
    const search = make("input", { type: "search", oninput: update });
    const status = make("p", { role: "status" });
    const more = make("button", { type: "button", onclick: showMore }, texts.more);
    const details = make("aside", { ariaLabel: list.title }, make("p", {}, texts.choose));
    details.setAttribute("aria-live", "polite");
    body.onkeydown = walk;
    const find = name => list.link ? document.getElementById(`${list.link}-${name}`) : null;
    const [caseField, personField] = [find("case"), find("person")];
    if (caseField) caseField.addEventListener("input", follow);

    function sortRows(place) {
      state.isUp = state.sorted === place ? !state.isUp : true;
      state.sorted = place;
      heads.forEach(head => head.removeAttribute("aria-sort"));
      heads[place].setAttribute("aria-sort", state.isUp ? "ascending" : "descending");
      update();
    }

    function update() {
      const columns = [...list.columns, ...(list.details ?? [])];
      const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      state.found = terms.reduce((rows, term) => findRows(columns, term, rows), [...all]);
      if (state.sorted >= 0) {
        const ranks = rankRows(list.columns[state.sorted]);
        const [sign, first] = [state.isUp ? 1 : -1, list.first ?? []];
        const rest = (a, b) => sign * (ranks[a] - ranks[b]) || a - b;
        state.found.sort((a, b) => (first[a] ?? 0) - (first[b] ?? 0) || rest(a, b));
      }
      state.shown = step;
      draw();
    }

    function showMore() {
      state.shown += step;
      draw();
    }

    function draw() {
      const rows = state.found.slice(0, state.shown);
      body.replaceChildren(...rows.map(makeRow));
      const opener = body.querySelector("[aria-pressed=true]") ?? body.querySelector("button");
      if (opener) opener.tabIndex = 0;
      status.textContent = fill(texts.shown, { shown: rows.length, found: state.found.length });
      more.hidden = rows.length === state.found.length;
    }

    function makeRow(row) {
      const cells = list.columns.map(column => makeCell(column, row));
      const opener = make("button", { type: "button", tabIndex: -1 }, ...cells[0].childNodes);
      opener.ariaLabel = `${opener.textContent} ${read(pseudonyms, row)}`;
      cells[0].append(opener);
      const element = make("tr", {}, ...cells);
      element.onclick = () => {
        const selection = getSelection();  // text of a row can be selected without choosing it
        const isText = selection.type === "Range" && element.contains(selection.anchorNode);
        if (!isText) choose(row, opener);
      };
      mark(opener, row === state.chosen);
      return element;
    }

    function choose(row, opener) {
      select(row, opener);
      opener.focus();
      write(caseField, row);
      write(personField, read(pseudonyms, row));
    }

    function select(row, opener) {
      state.chosen = row;
      for (const other of body.querySelectorAll("button")) mark(other, other === opener);
      details.replaceChildren(...makeDetails(list, row));
    }

    function write(field, value) {
      if (!field) return;
      field.value = value;
      field.dispatchEvent(new Event("input"));
    }

    function follow() {  // a dot was chosen: its row too, without taking the hand from the strips
      const row = Number(caseField.value || -1);
      if (row < 0 || row === state.chosen) return;
      if (!state.found.includes(row)) {
        search.value = "";
        update();
      }
      const place = state.found.indexOf(row);
      state.shown = Math.max(state.shown, Math.ceil((place + 1) / step) * step);
      draw();
      const element = body.children[place];
      select(row, element.querySelector("button"));
      const box = table.parentElement;
      const [top, middle] = [element, box].map(one => one.getBoundingClientRect().top);
      box.scrollTop += top - middle - box.clientHeight / 2;
    }

    function mark(opener, isChosen) {
      opener.setAttribute("aria-pressed", isChosen);
      opener.tabIndex = isChosen ? 0 : -1;
      opener.closest("tr").classList.toggle("chosen", isChosen);
    }

    function walk(event) {
      const places = [...body.querySelectorAll("button")];
      const here = places.indexOf(event.target);
      const steps = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: places.length - 1 };
      if (here < 0 || !(event.key in steps)) return;
      event.preventDefault();
      if (steps[event.key] === places.length && !more.hidden) showMore();
      const next = body.querySelectorAll("button")[steps[event.key]];
      if (!next) return;
      places.forEach(place => { place.tabIndex = -1; });
      next.tabIndex = 0;
      next.focus();
    }

    update();
    const notes = (list.notes ?? []).map(note => make("p", {}, note));
    const label = make("label", {}, texts.search + " ", search);
    const left = make("div", {}, label, status, ...notes,
      make("div", { className: "scroll" }, table), more);
    return make("div", { className: "beside" }, left, details);
  }

  function drawPlain(list) {
    const { table, body } = makeTable(list.columns, list.title);
    list.columns[0].codes.forEach((_, row) => {
      body.append(make("tr", {}, ...list.columns.map(column => makeCell(column, row))));
    });
    return table;
  }

  page.lists.forEach(list => {
    const size = count.format(list.columns[0].codes.length);
    const summary = list.is_plain ? list.title : `${list.title} (${size})`;
    const isOpen = list.is_plain || "details" in list;
    root.append(make("details", { open: isOpen }, make("summary", {}, summary),
      list.is_plain ? drawPlain(list) : drawList(list)));
  });
})(document.currentScript.parentElement);
