// Follows work that goes on in the background; the page is loaded anew when its state changes.

const box = document.querySelector("[data-poll]");
// A reload would cancel the way to another page, which a busy server has not answered yet.
const SECONDS_TO_LEAVE = 30;
let leftAt = -Infinity;
addEventListener("beforeunload", () => { leftAt = performance.now(); });
if (box) setTimeout(follow, 1000);

async function follow() {
    const lost = box.parentElement.querySelector("[data-lost]");
    try {
        const answer = await fetch(box.dataset.poll, { redirect: "error" });
        if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const news = page.querySelector("[data-state]");
        const isLeaving = performance.now() - leftAt < SECONDS_TO_LEAVE * 1000;
        if (news.dataset.state !== box.dataset.state && !isLeaving) {
            location.reload();
            return;
        }
        if (!isLeaving) box.replaceChildren(...news.childNodes);
        lost.hidden = true;
    } catch {
        lost.hidden = false;
    }
    setTimeout(follow, document.hidden ? 5000 : 1000);
}
