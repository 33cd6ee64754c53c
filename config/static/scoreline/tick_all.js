// A box in the heading of a list that ticks all its boxes; it stays hidden where no script runs.

for (const everybody of document.querySelectorAll("[data-tick-all]")) {
    const boxes = [...everybody.form.querySelectorAll(`input[name="${everybody.dataset.tickAll}"]`)];

    function show() {
        const ticked = boxes.filter((box) => box.checked).length;
        everybody.checked = ticked > 0 && ticked === boxes.length;
        everybody.indeterminate = ticked > 0 && ticked < boxes.length;
    }

    everybody.addEventListener("change", () => {
        for (const box of boxes) box.checked = everybody.checked;
        show();
    });
    for (const box of boxes) box.addEventListener("change", show);
    window.addEventListener("pageshow", show);
    everybody.hidden = boxes.length === 0;
}
