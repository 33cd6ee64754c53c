// Shows who matches while somebody types; without this, the button does the same.

const form = document.querySelector("form[data-picker]");
const results = document.querySelector("[data-results]");
let waiting = 0;
let asked = 0;

form?.elements.q.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 200);
});

async function find() {
    const number = ++asked;
    const query = new URLSearchParams(new FormData(form));
    query.set("part", "results");
    try {
        const answer = await fetch(`?${query}`, { redirect: "error" });
        if (!answer.ok || number !== asked) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        results.replaceChildren(...page.body.childNodes);
    } catch {
        // The button still works, and says what is wrong.
    }
}
