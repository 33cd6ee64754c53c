// A changed filter takes effect at once; the button is for browsers without scripts.

for (const form of document.querySelectorAll("form[data-filters]")) {
    form.querySelector("[data-without-scripts]").hidden = true;
    form.addEventListener("change", (event) => {
        if (event.target.tagName === "SELECT") form.requestSubmit();
    });
    form.addEventListener("submit", () => {
        for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
    // The back button may bring the form back as it was sent.
    window.addEventListener("pageshow", () => {
        for (const field of form.elements) field.disabled = false;
    });
}
