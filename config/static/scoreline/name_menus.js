// Select2 gives its menus no name: each takes that of the label of the field it stands for.
// jQuery calls back in the order of asking, so the menus are made by then.

window.django?.jQuery?.(() => {
    for (const field of document.querySelectorAll("select.select2-hidden-accessible[id]")) {
        const label = document.querySelector(`label[for="${field.id}"]`);
        const name = label?.textContent.replace(/:\s*$/, "").trim();
        if (name) document.getElementById(`select2-${field.id}-container`)?.setAttribute("aria-label", name);
    }
});
