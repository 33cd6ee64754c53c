/* What every page needs: the bearer (or the form's token) on each request, a new bearer in time,
   times in the reader's own words, and the way into a window of one's own. */
"use strict";

(() => {
  const { page, newSignedRequest, askForHeight } = window.scoreline;
  const isEmbedded = Boolean(page.bearer);
  const RENEW_MS = 8 * 60 * 1000; // a bearer lives ten minutes
  const FRAME_HEIGHT = 800;
  let bearer = page.bearer;
  let renewing = null;

  function headers() {
    if (isEmbedded) return { Authorization: `Bearer ${bearer}` };
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    return token ? { "X-CSRFToken": token.value } : {};
  }

  /* Whether there is a new bearer: no says that whoever looks may do so no more. */
  async function renewed() {
    const form = new URLSearchParams({ signed_request: await newSignedRequest() });
    const answer = await fetch(`${page.at}bearer/`, { method: "POST", body: form, credentials: "omit" });
    if (answer.status === 403) return false;
    if (!answer.ok) throw new Error("no answer");
    bearer = (await answer.json()).bearer;
    return true;
  }

  function renew() {
    renewing ??= renewed().finally(() => { renewing = null; });
    return renewing;
  }

  /* fetch() as whoever looks; tries once more with a new bearer. */
  async function ask(address, options = {}) {
    const go = () => fetch(address, {
      ...options,
      headers: { ...options.headers, ...headers() },
      credentials: isEmbedded ? "omit" : "same-origin",
    });
    const answer = await go();
    if (answer.status !== 401 || !isEmbedded) return answer;
    return (await renew()) ? go() : answer;
  }

  function trouble(words) {
    const place = document.getElementById("trouble");
    place.textContent = words;
    place.hidden = !words;
  }

  document.addEventListener("htmx:configRequest", (event) => {
    Object.assign(event.detail.headers, headers());
  });

  document.addEventListener("htmx:beforeRequest", () => trouble(""));

  document.addEventListener("htmx:responseError", async (event) => {
    const { xhr, requestConfig, target } = event.detail;
    if (xhr.status === 401 && isEmbedded && !requestConfig.headers["X-Again"]) {
      try {
        if (!(await renew())) throw new Error("refused");
        htmx.ajax(requestConfig.verb, requestConfig.path, {
          target, values: requestConfig.parameters, headers: { "X-Again": "1" },
        });
      } catch {
        trouble("You may no longer see this tab, or Salesforce does not answer. Reload the page.");
      }
      return;
    }
    trouble(xhr.status === 404 ? "That is not there any more. Reload the page."
      : "That did not work. Try again in a minute.");
  });

  document.addEventListener("htmx:sendError", () => trouble("No connection. Try again in a minute."));

  /* Focus follows what was asked for, so that keyboards and screen readers do. */
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    localTimes(document);
    if (target && target.id === "page") {
      const heading = target.querySelector("h1");
      if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
      }
      showCurrentTab();
      document.dispatchEvent(new Event("page-shown"));
    } else if (target && target.classList.contains("comments")) {
      const words = target.querySelector("textarea");
      if (words) words.focus();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-window]");
    if (!button) return;
    button.disabled = true;
    try {
      const answer = await ask(button.dataset.window, { method: "POST" });
      if (!answer.ok) throw new Error("refused");
      window.open((await answer.json()).address, "_blank", "noopener");
    } catch {
      trouble("That did not work. Reload the page and try again.");
    } finally {
      button.disabled = false;
    }
  });

  /* "6 min. ago" for what is recent; for the rest "3 May 2026, 14:00", as everywhere else on the
     pages, in the reader's own time zone. */
  const since = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: page.zone, day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

  function written(then) {
    const part = {};
    for (const { type, value } of clock.formatToParts(then)) part[type] = value;
    return `${part.day} ${part.month} ${part.year}, ${part.hour}:${part.minute}`;
  }

  function words(then) {
    const minutes = Math.round((then - Date.now()) / 60000);
    if (minutes > -1) return "just now";
    if (minutes > -60) return since.format(minutes, "minute");
    if (minutes > -60 * 12) return since.format(Math.round(minutes / 60), "hour");
    return written(then);
  }

  function localTimes(within) {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const then = new Date(time.getAttribute("datetime"));
      const text = "ago" in time.dataset ? words(then) : written(then);
      if (time.textContent !== text) time.textContent = text;
      time.title ||= written(then);
    }
  }

  /* On a phone the row of tabs is longer than the screen. */
  function showCurrentTab() {
    const current = document.querySelector(".tabs [aria-current=page]");
    if (current) current.parentElement.scrollLeft = current.offsetLeft - 24;
  }

  showCurrentTab();
  localTimes(document);
  setInterval(() => localTimes(document), 60000);
  if (isEmbedded) {
    setInterval(() => renew().catch(() => {}), RENEW_MS);
    if (page.parent) askForHeight(FRAME_HEIGHT);
  }
  Object.assign(window.scoreline, { ask, localTimes, trouble });
})();
