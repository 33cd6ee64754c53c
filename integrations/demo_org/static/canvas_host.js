/* The side of Salesforce in the Canvas SDK's conversation: posts the signed request into the frame,
   and answers what the page in it asks. */
"use strict";

(() => {
  const frame = document.getElementById("canvas");
  const { origin, refresh } = frame.dataset;
  const TALLEST = 2000;

  async function answerTo(body) {
    switch (body.type) {
      case "resize": {
        const height = Number.parseInt(body.size && body.size.height, 10);
        if (!(height > 0)) return [400, null];
        frame.height = String(Math.min(height, TALLEST));
        return [200, null];
      }
      case "refresh":
      case "repost": {
        const answer = await fetch(refresh, { method: "POST" });
        return [answer.status, answer.ok ? await answer.json() : null];
      }
      case "subscribe":
      case "unsubscribe":
      case "publish":
        return [200, null];
      default:
        return [404, null];
    }
  }

  window.addEventListener("message", async (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    const message = JSON.parse(event.data);
    if (message.targetModule !== "Canvas" || !message.body) return;
    const [status, payload] = await answerTo(message.body);
    const answer = { type: "callback", seq: message.seq, status, payload, parentVersion: "66.0" };
    frame.contentWindow.postMessage(JSON.stringify(answer), origin);
  });

  document.getElementById("canvas-form").submit();
})();
