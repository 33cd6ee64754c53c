// Each tick on a plan's page is saved at once, so that it also holds on the other pages.

const card = document.querySelector("[data-plan]");

document.addEventListener("change", async (event) => {
    const box = event.target;
    if (!box.matches("input[name=row]")) return;
    box.disabled = true;
    await save(box);
    box.disabled = false;
    box.focus();
});

async function save(box) {
    const error = card.querySelector("[data-error]");
    const body = new FormData();
    body.append("row", box.value);
    body.append("included", box.checked ? "1" : "0");
    body.append("csrfmiddlewaretoken", card.querySelector("[name=csrfmiddlewaretoken]").value);
    let words = "This tick could not be saved. Reload the page.";
    try {
        const answer = await fetch(card.dataset.plan, { method: "POST", body, redirect: "error" });
        const news = await answer.json();
        if (answer.ok) {
            document.querySelector(".page-head h1").textContent = news.title;
            card.querySelector("[data-button]").textContent = news.button;
            card.querySelector("[data-button]").disabled = !news.can_approve;
            showSeats(card.querySelector("[data-seats]"), news);
            error.hidden = true;
            return;
        }
        words = news.error;
    } catch {
        // No answer, or another one than asked for.
    }
    box.checked = !box.checked;
    error.textContent = words;
    error.hidden = false;
}

function showSeats(words, news) {
    words.textContent = news.seats;
    words.parentElement.classList.toggle("error", news.seats_short);
    words.parentElement.querySelector("[data-seats-short]").hidden = !news.seats_short;
}
