// The message port to the shop's page: accepted once, and only from the parent of the iframe.

export function whenStarted(begin) {
  let isStarted = false;
  window.addEventListener('message', ({ source, data, ports }) => {
    if (isStarted || source !== window.parent || data?.what !== 'mock-clover-start') return;
    isStarted = true;
    begin(data, ports[0]);
  });
}

// Report the height of a node, now and whenever it changes.
export function reportHeight(port, node) {
  const report = () => port.postMessage({ what: 'height', height: node.offsetHeight });
  new ResizeObserver(report).observe(node);
}
