// Calls mass-cancel by a client from npm, unmodified, on its own kept-alive connection:
//   node npm_clients.mjs ccxt|okx-api HOST PORT
// Each line on stdin is a number of calls; the answer is a line with the times at which they were
// made: CLOCK_MONOTONIC in ns, read right before the client's function is called. Each call follows
// upon the last one's answer, so that nothing has had time to cool.
import { createInterface } from 'node:readline';

const [which, host, port] = process.argv.slice(2);
const family = { instType: 'OPTION', instFamily: 'BTC-USD', lockInterval: '0' };

async function ccxtCall() {
    const { default: ccxt } = await import('ccxt');
    const client = new ccxt.okx({
        apiKey: 'fake-key-ccxt',
        secret: 'fake-secret-ccxt',
        password: 'fake-pass-ccxt',
        hostname: `${host}:${port}`,
        enableRateLimit: false,
    });
    client.urls.api.rest = `https://${host}:${port}`;
    return () => client.privatePostTradeMassCancel(family);
}

async function okxApiCall() {
    const { RestClient } = await import('okx-api');
    const client = new RestClient({
        apiKey: 'fake-key-okx-api',
        apiSecret: 'fake-secret-okx-api',
        apiPass: 'fake-pass-okx-api',
        baseUrl: `https://${host}:${port}`,
        keepAlive: true,
    });
    return () => client.cancelMassOrder(family);
}

const call = await (which === 'ccxt' ? ccxtCall() : okxApiCall());

// The exchange refuses most of them for their rate (50011): that comes after what is measured.
async function callTimes(n) {
    const times = [];
    for (let i = 0; i < n; i += 1) {
        times.push(process.hrtime.bigint().toString());
        await call().catch((error) => {
            if (!/50011/.test(error.message ?? error.code)) throw error;
        });
    }
    return times;
}

for await (const line of createInterface({ input: process.stdin })) {
    console.log(`[${await callTimes(Number(line))}]`);
}
