// On the page of an approved plan: its people need no tick any more.

const marker = document.querySelector("[data-forget-ticks]");
if (marker) {
    const storageKey = `scoreline-ticks-${marker.dataset.forgetTicks}`;
    const planned = new Set(marker.dataset.planned.split(","));
    const ticks = JSON.parse(sessionStorage.getItem(storageKey) ?? "[]");
    const left = ticks.filter(([id]) => !planned.has(id));
    sessionStorage.setItem(storageKey, JSON.stringify(left));
}
