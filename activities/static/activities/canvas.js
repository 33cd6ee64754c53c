/* Talks to the page around the frame, in the words of Salesforce's Canvas SDK: JSON texts by
   postMessage, each call with a number that its answer carries back. */
"use strict";

window.scoreline = (() => {
  const meta = document.querySelector("meta[name=scoreline]");
  const page = { ...meta.dataset };
  meta.remove(); // the bearer stays in memory only

  const PREFIX = "canvas-frame-";
  const ANSWER_MS = 8000;
  let number = 0;
  const waiting = new Map();

  function call(body) {
    if (!page.parent || window.parent === window) return Promise.reject(new Error("no parent"));
    const instanceId = window.name.startsWith(PREFIX) ? window.name.slice(PREFIX.length) : "";
    const client = { oauthToken: "null", instanceId, targetOrigin: page.parent };
    const seq = ++number;
    const message = {
      seq,
      src: "client",
      clientVersion: "41.0",
      parentVersion: "",
      body: { ...body, accessToken: "null", config: { client } },
      targetModule: "Canvas",
    };
    window.parent.postMessage(JSON.stringify(message), page.parent);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(seq);
        reject(new Error("no answer"));
      }, ANSWER_MS);
      waiting.set(seq, (payload) => {
        clearTimeout(late);
        resolve(payload);
      });
    });
  }

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null; // other scripts in Salesforce's page write to frames, too
    }
  }

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== page.parent) return;
    const message = typeof event.data === "string" ? parsed(event.data) : null;
    if (!message || message.type !== "callback") return;
    const answer = waiting.get(message.seq);
    waiting.delete(message.seq);
    if (answer) answer(message.payload);
  });

  async function newSignedRequest() {
    const payload = await call({ type: "refresh" });
    const signed = payload && (payload.response || (payload.payload && payload.payload.response));
    if (typeof signed !== "string") throw new Error("no signed request");
    return signed;
  }

  function askForHeight(pixels) {
    call({ type: "resize", size: { height: `${pixels}px` } }).catch(() => {});
  }

  return { page, newSignedRequest, askForHeight };
})();
