// Keeps opened phone pages: the network first, the last copy where there is none.
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith((async () => {
    const kept = await caches.open("duijie-card");
    try {
      const answer = await fetch(event.request);
      if (answer.ok) await kept.put(event.request, answer.clone());
      else if (answer.status === 404) await kept.delete(event.request);
      return answer;
    } catch (error) {
      const copy = await kept.match(event.request, { ignoreSearch: true });
      if (copy) return copy;
      throw error;
    }
  })());
});
