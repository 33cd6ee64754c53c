// On the page of a plan: once it is approved, the people who were sent to it need no tick any more.
// Until then, and when it is discarded, they stay ticked in the list.

const marker = document.querySelector("[data-sent-from]");
if (marker) {
    const list = marker.dataset.sentFrom;
    const ofPlan = `scoreline-sent-to-${marker.dataset.sentTo}`;
    const justSent = sessionStorage.getItem(`scoreline-sent-${list}`);
    if (justSent) sessionStorage.setItem(ofPlan, justSent);
    sessionStorage.removeItem(`scoreline-sent-${list}`);
    if (marker.dataset.isApproved) forget(list, ofPlan);
}

function forget(list, ofPlan) {
    const sent = new Set(JSON.parse(sessionStorage.getItem(ofPlan) ?? "[]"));
    const ticks = JSON.parse(sessionStorage.getItem(`scoreline-ticks-${list}`) ?? "[]");
    const left = ticks.filter(([id]) => !sent.has(id));
    sessionStorage.setItem(`scoreline-ticks-${list}`, JSON.stringify(left));
    sessionStorage.removeItem(ofPlan);
}
