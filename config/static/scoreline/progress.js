// Follows work that goes on in the background; the page is loaded anew when its state changes.

const box = document.querySelector("[data-poll]");
if (box) setTimeout(follow, 1000);

async function follow() {
    const lost = box.parentElement.querySelector("[data-lost]");
    try {
        const answer = await fetch(box.dataset.poll, { redirect: "error" });
        if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const news = page.querySelector("[data-state]");
        if (news.dataset.state !== box.dataset.state) {
            location.reload();
            return;
        }
        box.replaceChildren(...news.childNodes);
        lost.hidden = true;
    } catch {
        lost.hidden = false;
    }
    setTimeout(follow, document.hidden ? 5000 : 1000);
}
