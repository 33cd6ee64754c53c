// Ticks that outlive search, filters, pages and the back button, and the bar that follows them.

const form = document.getElementById("changelist-form");
const bar = form?.querySelector("[data-ticks]");
if (bar) start();

function start() {
    const storageKey = `scoreline-ticks-${bar.dataset.ticks}`;
    const sentKey = `scoreline-sent-${bar.dataset.ticks}`;
    const boxes = [...form.querySelectorAll("input.action-select")];
    const everybody = document.getElementById("action-toggle");
    const across = form.querySelector("input.select-across");
    let ticks = new Map();
    let lastBox = null;

    function load() {
        sessionStorage.removeItem(sentKey);
        ticks = new Map(JSON.parse(sessionStorage.getItem(storageKey) ?? "[]"));
        for (const box of boxes) {
            if (box.disabled) ticks.delete(box.value);
            box.checked = ticks.has(box.value);
            if (box.checked) ticks.set(box.value, seen(box));
        }
        across.value = "";
        show();
    }

    function show() {
        sessionStorage.setItem(storageKey, JSON.stringify([...ticks]));
        const open = boxes.filter((box) => !box.disabled);
        const onPage = open.filter((box) => box.checked).length;
        everybody.checked = open.length > 0 && onPage === open.length;
        everybody.indeterminate = onPage > 0 && onPage < open.length;
        everybody.disabled = open.length === 0;
        showBar(bar, ticks, across.value === "1");
        offerAll(bar, everybody.checked, across.value === "1");
    }

    function tick(box, checked) {
        if (box.disabled) return;
        box.checked = checked;
        if (checked) ticks.set(box.value, seen(box));
        else ticks.delete(box.value);
    }

    form.addEventListener("click", (event) => {
        const box = event.target;
        if (!boxes.includes(box)) return;
        const range = event.shiftKey && lastBox ? between(boxes, lastBox, box) : [box];
        for (const each of range) tick(each, box.checked);
        lastBox = box;
        across.value = "";
        show();
    });
    everybody.addEventListener("change", () => {
        for (const box of boxes) tick(box, everybody.checked);
        across.value = "";
        show();
    });
    bar.querySelector("[data-all-matching]")?.addEventListener("click", () => {
        across.value = "1";
        show();
    });
    bar.querySelector("[data-clear]").addEventListener("click", () => {
        ticks.clear();
        for (const box of boxes) box.checked = false;
        across.value = "";
        show();
        everybody.focus();
    });
    bar.querySelector("[data-names]").addEventListener("click", (event) => {
        const id = event.target.dataset.untick;
        if (!id) return;
        ticks.delete(id);
        for (const box of boxes) if (box.value === id) box.checked = false;
        show();
    });
    form.addEventListener("submit", () => {
        send(form, ticks, boxes);
        sessionStorage.setItem(sentKey, JSON.stringify([...ticks.keys()]));
    });
    // Also runs when the back button brings the page out of the browser's memory.
    window.addEventListener("pageshow", load);
    bar.querySelector(".stock").hidden = true;
}

function seen(box) {
    return { name: box.dataset.name, verdict: box.dataset.verdict, shown: box.dataset.shown };
}

function between(boxes, first, last) {
    const [from, to] = [boxes.indexOf(first), boxes.indexOf(last)].sort((a, b) => a - b);
    return boxes.slice(from, to + 1);
}

// The form posts the boxes of this page; one field each carries the ticks of the others.
function send(form, ticks, boxes) {
    const elsewhere = [...ticks].filter(([id]) => !boxes.some((box) => box.value === id));
    form.querySelector("[name=ticked]").value = elsewhere.map(([id]) => id).join(",");
    form.querySelector("[data-shown-elsewhere]").value = elsewhere
        .map(([, person]) => person.shown)
        .join(",");
    const first = form.querySelector("[data-first-tick]");
    first.disabled = elsewhere.length === 0;
    first.value = elsewhere.length ? elsewhere[0][0] : "";
}

const VERDICTS = [
    ["create", "new account", "new accounts"],
    ["map", "mapped to an existing account", "mapped to existing accounts"],
    ["conflict", "conflict", "conflicts"],
    ["ignore", "ignored", "ignored"],
    ["nothing", "with nothing to do", "with nothing to do"],
];

function counted(count, one, many) {
    return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function showBar(bar, ticks, all) {
    const count = ticks.size;
    const people = [...ticks.values()];
    const parts = VERDICTS.map(([verdict, one, many]) => [
        people.filter((person) => person.verdict === verdict).length,
        one,
        many,
    ]).filter(([number]) => number > 0);
    const title = bar.querySelector("[data-count]");
    const detail = bar.querySelector("[data-detail]");
    if (all) {
        title.textContent = `All ${bar.dataset.matching} matching people`;
        detail.textContent = ", to be looked at before anything happens";
    } else {
        title.textContent = count ? counted(count, "person", "people") : "";
        detail.textContent = count
            ? `: ${parts.map((part) => counted(...part)).join(", ")}`
            : "Tick the people who should get an account.";
    }
    label(bar, "import", all ? `Import ${bar.dataset.matching} users` : `Import ${counted(count, "user", "users")}`);
    const ignored = people.filter((person) => person.verdict === "ignore").length;
    bar.querySelector("[data-stop-ignoring]").hidden = !all && ignored === 0;
    bar.querySelector("[data-ignore]").hidden = !all && ignored === count;
    bar.querySelector("[data-options]").hidden = !all && !count;
    bar.querySelector("[data-selection]").hidden = all || !count;
    showNames(bar.querySelector("[data-names]"), ticks);
    bar.querySelector("[data-clear]").hidden = !count;
}

function label(bar, name, text) {
    bar.querySelector(`[data-label=${name}]`).textContent = text;
}

function showNames(list, ticks) {
    list.replaceChildren(
        ...[...ticks].map(([id, person]) => {
            const item = document.createElement("li");
            const remove = document.createElement("button");
            remove.type = "button";
            remove.className = "btn quiet";
            remove.dataset.untick = id;
            remove.textContent = "Untick";
            remove.setAttribute("aria-label", `Untick ${person.name}`);
            item.append(person.name, remove);
            return item;
        }),
    );
}

function offerAll(bar, wholePage, all) {
    const offer = bar.querySelector("[data-all-matching]");
    if (offer) offer.hidden = !wholePage || all;
}
