// On the page of an approved plan: the people who were sent there need no tick any more.

const marker = document.querySelector("[data-forget-ticks]");
if (marker) {
    const key = marker.dataset.forgetTicks;
    const sent = new Set(JSON.parse(sessionStorage.getItem(`scoreline-sent-${key}`) ?? "[]"));
    const ticks = JSON.parse(sessionStorage.getItem(`scoreline-ticks-${key}`) ?? "[]");
    const left = ticks.filter(([id]) => !sent.has(id));
    sessionStorage.setItem(`scoreline-ticks-${key}`, JSON.stringify(left));
    sessionStorage.removeItem(`scoreline-sent-${key}`);
}
