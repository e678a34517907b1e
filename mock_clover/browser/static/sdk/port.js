// The port to the page around a frame: handed over once, by the frame's own parent and nobody else.

export function whenStarted(begin) {
  let isStarted = false;
  window.addEventListener('message', ({ source, data, ports }) => {
    if (isStarted || source !== window.parent || data?.what !== 'mock-clover-start') return;
    isStarted = true;
    begin(data, ports[0]);
  });
}

// Tell how high a node is, now and whenever that changes.
export function tellHeight(port, node) {
  const tell = () => port.postMessage({ what: 'height', height: node.offsetHeight });
  new ResizeObserver(tell).observe(node);
}
