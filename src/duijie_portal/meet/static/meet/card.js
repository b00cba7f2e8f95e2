// Keeps this page, its styles and its worker on the phone, so that it opens without a network.
"use strict";
(async () => {
  const worker = document.currentScript?.dataset.worker || document.querySelector("script[data-worker]").dataset.worker;
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  await navigator.serviceWorker.register(worker);
  await navigator.serviceWorker.ready;
  const kept = await caches.open("duijie-card");
  const parts = [...document.querySelectorAll("link[href], script[src]")].map((one) => one.href || one.src);
  await kept.addAll([location.origin + location.pathname, ...parts]);
  document.getElementById("kept").hidden = false;
})();
