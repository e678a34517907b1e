// Whose certificates Node takes: one handshake for each HOST:PORT given. The port is on this
// machine; the host is who the client means.

const net = require('net');
const tls = require('tls');

function handshake(place) {
  const colon = place.lastIndexOf(':');
  const host = place.slice(0, colon);
  const socket = net.connect(Number(place.slice(colon + 1)), '127.0.0.1');
  return new Promise((resolve) => {
    const options = { socket, host, servername: net.isIP(host) ? '' : host };
    const line = tls.connect(options, () => {
      resolve('accepted');
      line.destroy();
    });
    line.on('error', (error) => resolve(error.message));
  });
}

(async () => {
  const outcomes = [];
  for (const place of process.argv.slice(2)) outcomes.push(await handshake(place));
  console.log(JSON.stringify(outcomes));
})();
