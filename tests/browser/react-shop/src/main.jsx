// The shop's start: what its server tells, Clover's scripts, then the pages.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Shop } from './Shop.jsx';

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

const config = await (await fetch('/config.json')).json();
await Promise.all(config.scripts.map(load));
createRoot(document.getElementById('app')).render(
  <StrictMode>
    <Shop config={config} />
  </StrictMode>,
);
