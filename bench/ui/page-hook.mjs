// What runs in the page beside its own code.

/**
 * Records when the markers of changes appear in the DOM and in a frame, the first row, long tasks and frames. A page runs it
 * before its own code, so it uses nothing of this module.
 */
export function observePage() {
  const address = /10\.\d+\.\d+\.\d+:50051/g;
  const seen = { markers: [], longTasks: [], frames: 0, dropped: 0, longestFrame: 0, firstRow: undefined };
  globalThis.benchSeen = seen;
  globalThis.benchAddresses = () => [...new Set(document.body.textContent.match(address))];
  globalThis.benchReset = () => {
    Object.assign(seen, { markers: [], longTasks: [], frames: 0, dropped: 0, longestFrame: 0 });
  };

  const known = new Set();
  let unpainted = [];
  new MutationObserver((mutations) => {
    const now = performance.now();
    for (const { target, addedNodes, type } of mutations)
      for (const node of type === 'childList' ? addedNodes : [target]) inspect(node.textContent, now);
  }).observe(document, { subtree: true, childList: true, characterData: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
  }).observe({ type: 'longtask' });
  requestAnimationFrame(frame);

  function inspect(text, now) {
    if (seen.firstRow === undefined && text.search(address) >= 0) seen.firstRow = now;
    for (const [marker] of text.matchAll(/mk\d+x/g)) {
      if (known.has(marker)) continue;
      known.add(marker);
      const one = { marker, dom: now, frame: undefined };
      seen.markers.push(one);
      unpainted.push(one);
    }
  }

  let previous;
  function frame(time) {
    requestAnimationFrame(frame);
    for (const one of unpainted) one.frame = time;
    unpainted = [];
    if (previous !== undefined) count(time - previous);
    previous = time;
  }

  function count(interval) {
    seen.frames++;
    seen.dropped += Math.max(0, Math.round(interval / (1_000 / 60)) - 1);
    seen.longestFrame = Math.max(seen.longestFrame, interval);
  }
}
