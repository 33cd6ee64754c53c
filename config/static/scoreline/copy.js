// Copy buttons beside read-only fields; they stay hidden where the browser lets nobody copy.

if (navigator.clipboard) {
    for (const button of document.querySelectorAll("[data-copy]")) {
        const words = button.firstChild;
        button.hidden = false;
        button.addEventListener("click", async () => {
            await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
            words.textContent = "Copied";
            setTimeout(() => { words.textContent = "Copy"; }, 2000);
        });
    }
}
