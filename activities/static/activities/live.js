/* New reports without a reload: a stream read with fetch(), because an EventSource cannot carry
   the bearer; and asking now and then where a proxy holds the stream back. */
"use strict";

(() => {
  const { page, ask, celebrate, localTimes, trouble } = window.scoreline;
  const FIRST_WORD_MS = 5000; // the first event comes at once, or something holds it back
  const SILENCE_MS = 40000; // there is a sign of life each 15 seconds
  const ASK_EACH_MS = 10000;
  const STREAM_AGAIN_MS = 5 * 60 * 1000;
  const SIDE_MS = 4000;
  let reading = null;
  let sideTimer = null;
  const waiting = new Map(); // what came of a report while a press inside it waits for its answer

  const feed = () => document.querySelector("#feed[data-live]");

  function address(what) {
    const { version, team } = feed().dataset;
    return `${page.at}feed/${what}/?since=${version}&team=${team}`;
  }

  function place(report) {
    const [moment, id] = report.dataset.place.split(".");
    return [BigInt(moment), BigInt(id)];
  }

  function isNewer(one, other) {
    const [a, b] = [place(one), place(other)];
    return a[0] !== b[0] ? a[0] > b[0] : a[1] > b[1];
  }

  function made(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  }

  /* What the reader does with a report stays as it is: their like, and the comments they opened. */
  function keepOwn(old, report) {
    const [before, now] = [old.querySelector(".like"), report.querySelector(".like")];
    now.value = before.value;
    now.setAttribute("aria-pressed", before.getAttribute("aria-pressed"));
    report.querySelector(".comments").replaceChildren(...old.querySelector(".comments").childNodes);
  }

  function put(report) {
    const list = feed();
    const old = document.getElementById(report.id);
    if (old) {
      keepOwn(old, report);
      const hadFocus = old.contains(document.activeElement) && document.activeElement.id;
      old.replaceWith(report);
      if (hadFocus) document.getElementById(hadFocus)?.focus();
      return false;
    }
    const reports = [...list.querySelectorAll(":scope > article[data-place]")];
    const next = reports.find((other) => isNewer(report, other));
    const end = list.querySelector(":scope > .next");
    if (!next && end) return false; // it belongs further down than this page shows
    document.getElementById("nothing")?.remove();
    list.insertBefore(report, next || end);
    report.classList.add("arrived");
    return true;
  }

  /* Shows a report that came after this version of the feed. Returns whether it is new here. */
  function bring(report, before) {
    // What the reader pressed a moment ago is about to be answered, into this very element.
    if (document.getElementById(report.id)?.querySelector(".htmx-request")) {
      waiting.set(report.id, () => bring(report, before));
      return false;
    }
    waiting.delete(report.id);
    const isNew = put(report);
    if (!report.isConnected) return false;
    if (Number(report.dataset.celebrated) > before) celebrate(report);
    htmx.process(report);
    return isNew;
  }

  function bringWaiting() {
    for (const [id, again] of [...waiting]) {
      if (document.getElementById(id)) again();
      else waiting.delete(id);
    }
    if (feed()) localTimes(feed());
  }

  function say(fresh) {
    if (!fresh.length) return;
    const first = fresh[0].querySelector(".line > span").textContent;
    document.getElementById("news").textContent =
      fresh.length === 1 ? first : `${fresh.length} new reports. ${first}`;
  }

  function show(changes) {
    const list = feed();
    if (!list) return;
    const before = Number(list.dataset.version);
    if (changes.version < before) return;
    if (changes.whole) {
      htmx.ajax("get", `${page.at}feed/`, { target: "#page" });
      return;
    }
    const fresh = [];
    let isOwn = false;
    for (const id of changes.gone) {
      const report = document.getElementById(`report-${id}`);
      isOwn ||= report?.dataset.person === list.dataset.viewer;
      report?.remove();
    }
    for (const { html } of changes.shown) {
      const report = made(html);
      isOwn ||= report.dataset.person === list.dataset.viewer;
      if (bring(report, before)) fresh.push(report);
    }
    list.dataset.version = changes.version;
    localTimes(list);
    say(fresh);
    if (changes.version > before) followBeside(isOwn);
  }

  /* The boards beside the feed follow: with the reader's own reports at once, else each page at its
     own moment. */
  function followBeside(isOwn) {
    if (isOwn) refreshBeside();
    else sideTimer ??= setTimeout(refreshBeside, SIDE_MS + Math.random() * SIDE_MS);
  }

  function refreshBeside() {
    clearTimeout(sideTimer);
    sideTimer = null;
    htmx.trigger(document.body, "side-changed");
  }

  async function pause(ms, signal) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }

  /* Who may no longer look asks no more; outside Salesforce the page itself leads to the log-in. */
  function shutOut() {
    reading.abort();
    if (page.bearer) trouble("You may no longer see this tab. Reload the page.");
    else window.location.reload();
  }

  /* Reads until the stream ends. Returns whether anything came: else a proxy holds it back. */
  async function readStream(outer) {
    const inner = new AbortController();
    const stop = () => inner.abort();
    outer.addEventListener("abort", stop, { once: true });
    let guard = setTimeout(stop, FIRST_WORD_MS);
    let came = false;
    try {
      const answer = await ask(address("live"), {
        signal: inner.signal, headers: { Accept: "text/event-stream" },
      });
      if (answer.status === 401) shutOut();
      const type = answer.headers.get("Content-Type") || "";
      if (!answer.ok || !type.startsWith("text/event-stream")) return false;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { done, value } = await reader.read();
        if (done) return came;
        came = true;
        clearTimeout(guard);
        guard = setTimeout(stop, SILENCE_MS);
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) if (event.startsWith("data: ")) show(JSON.parse(event.slice(6)));
      }
    } catch {
      return came;
    } finally {
      clearTimeout(guard);
      outer.removeEventListener("abort", stop);
    }
  }

  async function poll(signal) {
    const until = Date.now() + STREAM_AGAIN_MS;
    while (!signal.aborted && feed() && Date.now() < until) {
      try {
        const answer = await ask(address("changes"), { signal, headers: { Accept: "application/json" } });
        if (answer.status === 200) show(await answer.json());
        if (answer.status === 401) shutOut();
      } catch {
        // The next time may work: this is what asking again is for.
      }
      await pause(ASK_EACH_MS * (0.75 + Math.random() / 2), signal);
    }
  }

  async function follow(signal) {
    for (let failures = 0; !signal.aborted && feed();) {
      failures = (await readStream(signal)) ? 0 : failures + 1;
      if (failures >= 2) {
        await poll(signal);
        failures = 0;
      } else {
        await pause(500 + Math.random() * 1500, signal);
      }
    }
  }

  function start() {
    if (reading) reading.abort();
    reading = null;
    waiting.clear();
    if (!feed()) return;
    reading = new AbortController();
    follow(reading.signal);
  }

  document.addEventListener("page-shown", start);
  document.addEventListener("htmx:afterSettle", bringWaiting);
  document.addEventListener("htmx:afterRequest", ({ detail: { successful, xhr } }) => {
    // Without an answer nothing settles. 401 is asked again with a new bearer: it still waits.
    if (!successful && xhr.status !== 401) bringWaiting();
  });
  start();
})();
