// Drives a running okxsim with two clients that others wrote, unmodified: their signatures, their
// HTTP stacks. So okxsim is not only our idea of OKX.
//   NODE_EXTRA_CA_CERTS=CA_FILE node interop.mjs HTTPS_PORT ADMIN_PORT
import ccxt from 'ccxt';
import { RestClient } from 'okx-api';

const [httpsPort, adminPort] = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };

// What each client must do is the same; only how it is asked differs.
function ccxtClient(secret) {
    const client = new ccxt.okx({
        apiKey: 'interop-key-of-ccxt',
        secret,
        password: 'not-a-passphrase-ccxt',
        hostname: `localhost:${httpsPort}`,
    });
    return {
        massCancel: async (params) => (await client.privatePostTradeMassCancel(params)).data,
        pending: async (params) => (await client.privateGetTradeOrdersPending(params)).data,
        config: async () => (await client.privateGetAccountConfig()).data,
        time: () => client.fetchTime(),
        codeOf: (error) => JSON.parse(error.message.slice('okx '.length)).code,
    };
}

function okxApiClient(apiSecret) {
    const client = new RestClient({
        apiKey: 'interop-key-of-okx-api',
        apiSecret,
        apiPass: 'not-a-passphrase-okx-api',
        baseUrl: `https://localhost:${httpsPort}`,
        keepAlive: true,
    });
    return {
        massCancel: (params) => client.cancelMassOrder(params),
        pending: (params) => client.getOrderList(params),
        config: () => client.getAccountConfiguration(),
        time: async () => (await client.getSystemTime())[0].ts,
        codeOf: (error) => error.code,
    };
}

async function admin(path, body) {
    const init = body && { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(`http://127.0.0.1:${adminPort}${path}`, init)).json();
}

async function familyOf(account) {
    return (await admin('/sim/state')).accounts[account].families['BTC-USD'];
}

async function placeOrders(account) {
    const order = (ordType, strike) => ({
        instId: `BTC-USD-261225-${strike}-C`, ordType, side: 'buy', px: '0.01', sz: '1',
    });
    const orders = [order('mmp', 60000), order('mmp_and_post_only', 70000), order('limit', 80000)];
    const { results } = await admin('/sim/orders', { account, orders });
    return results.every((result) => result.code === '0');
}

async function check(name, passes) {
    let reason = '';
    const passed = await passes().catch((error) => {
        reason = ` (${error.message ?? JSON.stringify(error)})`;
    });
    counts[passed ? 'passed' : 'failed'] += 1;
    console.log(`${passed ? 'ok' : 'not ok'} - ${name}${passed ? '' : reason}`);
}

async function refusalCode(client, params) {
    try {
        await client.massCancel(params);
        return 'none';
    } catch (error) {
        return client.codeOf(error);
    }
}

async function drive(account, client, impostor) {
    const family = { instType: 'OPTION', instFamily: 'BTC-USD' };
    await check(`${account}: reads the exchange's clock`, async () =>
        Math.abs(Number(await client.time()) - Date.now()) < 30_000);
    await check(`${account}: sees a portfolio margin account`, async () =>
        (await client.config())[0].acctLv === '4');
    await check(`${account}: a wrong secret is refused with 50113`, async () =>
        await placeOrders(account) && await refusalCode(impostor, family) === '50113');
    await check(`${account}: that refusal left the orders alone`, async () =>
        (await client.pending({ ...family, ordType: 'mmp,mmp_and_post_only' })).length === 2);
    await check(`${account}: a lock of 10001 ms is refused with 54009`, async () =>
        await refusalCode(client, { ...family, lockInterval: '10001' }) === '54009');
    await check(`${account}: mass-cancel answers result true`, async () =>
        (await client.massCancel({ ...family, lockInterval: '10000' }))[0].result === true);
    await check(`${account}: the exchange has cancelled both MMP orders and no other`, async () => {
        const { mmp, plain, mass_cancelled: cancelled } = await familyOf(account);
        return mmp === 0 && plain === 1 && cancelled === 2;
    });
    await check(`${account}: the family is locked, and "0" unlocks it`, async () => {
        const locked = !await placeOrders(account);
        await client.massCancel({ ...family, lockInterval: '0' });
        return locked && placeOrders(account);
    });
}

await drive('ccxt', ccxtClient('not-a-secret-ccxt'), ccxtClient('wrong'));
await drive('okx-api', okxApiClient('not-a-secret-okx-api'), okxApiClient('wrong'));

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
