// Drives a running okxsim with two clients that others wrote, unmodified: their signatures, their
// HTTP stacks. So okxsim is not only our idea of OKX.
//   NODE_EXTRA_CA_CERTS=CA_FILE node interop.mjs HTTPS_PORT ADMIN_PORT
import ccxt from 'ccxt';
import { RestClient } from 'okx-api';

const [httpsPort, adminPort] = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };

// What each client must do is the same; only how it is asked differs.
function ccxtRaw(secret) {
    return new ccxt.okx({
        apiKey: 'interop-key-of-ccxt',
        secret,
        password: 'not-a-passphrase-ccxt',
        hostname: `localhost:${httpsPort}`,
    });
}

function ccxtClient(secret) {
    const client = knowOption(ccxtRaw(secret));
    return {
        massCancel: async (params) => (await client.privatePostTradeMassCancel(params)).data,
        pending: async (params) => (await client.privateGetTradeOrdersPending(params)).data,
        config: async () => (await client.privateGetAccountConfig()).data,
        time: () => client.fetchTime(),
        setMmp: async (params) => (await client.privatePostAccountMmpConfig(params)).data,
        mmp: async (params) => (await client.privateGetAccountMmpConfig(params)).data,
        resetMmp: async (params) => (await client.privatePostAccountMmpReset(params)).data,
        cancelOrders: async (orders) =>
            (await client.privatePostTradeCancelBatchOrders(orders)).data,
        cancelAllAfter: async (seconds) =>
            (await client.cancelAllOrdersAfter(1000 * seconds)).data,
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
        setMmp: (params) => client.setMMPConfig(params),
        mmp: (params) => client.getMMPConfig(params),
        resetMmp: (params) => client.resetMMPStatus(params),
        cancelOrders: (orders) => client.cancelMultipleOrders(orders),
        cancelAllAfter: (seconds) => client.cancelAllAfter({ timeOut: `${seconds}` }),
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

async function placeOrders(account, tag = '') {
    const order = (ordType, strike) => ({
        instId: `BTC-USD-261225-${strike}-C`, ordType, side: 'buy', px: '0.01', sz: '1', tag,
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

// What is left to a client once mass-cancel has taken the MMP orders.
async function driveTheRest(account, client) {
    const family = { instType: 'OPTION', instFamily: 'BTC-USD' };
    const mmp = {
        instFamily: 'BTC-USD', timeInterval: '5000', frozenInterval: '0', qtyLimit: '10',
    };
    await check(`${account}: sets market maker protection and reads it back`, async () => {
        await client.setMmp(mmp);
        const [row] = await client.mmp({ instFamily: 'BTC-USD' });
        return row.qtyLimit === '10' && row.mmpFrozen === false;
    });
    await check(`${account}: resets market maker protection`, async () => {
        await admin('/sim/freeze', { account, instFamily: 'BTC-USD', ms: 0 });
        const frozen = !await placeOrders(account);
        return frozen && (await client.resetMmp(family))[0].result === true
            && placeOrders(account);
    });
    await check(`${account}: walks the pending orders page by page`, async () => {
        const ids = (rows) => rows.map((row) => row.ordId);
        const all = ids(await client.pending(family));
        const first = ids(await client.pending({ ...family, limit: '2' }));
        const rest = ids(await client.pending({ ...family, after: first.at(-1) }));
        return all.length > 2 && all.join() === [...first, ...rest].join();
    });
    await check(`${account}: cancels a batch, row by row`, async () => {
        const before = await client.pending(family);
        const orders = before.slice(0, 2).map(({ instId, ordId }) => ({ instId, ordId }));
        const rows = await client.cancelOrders(orders);
        return rows.length === 2 && rows.every((row) => row.sCode === '0')
            && (await client.pending(family)).length === before.length - 2;
    });
    // okx-api puts a tag of its own on all that it posts: its timer spares other people's orders.
    await check(`${account}: cancel-all-after fires over its tag or over all`, async () => {
        const [row] = await client.cancelAllAfter(10);
        const placed = await placeOrders(account, row.tag);
        await admin('/sim/account', { account, skip_ms: 10_000 });
        const left = await client.pending(family);
        return placed && Number(row.triggerTime) - Number(row.ts) === 10
            && left.every((order) => row.tag !== '' && order.tag !== row.tag);
    });
}

const option = 'BTC/USD:BTC-261225-60000-C';

// ccxt's unified calls want to know the market; okxsim lists none.
function knowOption(client) {
    client.setMarkets([client.safeMarketStructure({
        id: 'BTC-USD-261225-60000-C', symbol: option, base: 'BTC', quote: 'USD', settle: 'BTC',
        baseId: 'BTC', quoteId: 'USD', settleId: 'BTC', type: 'option', spot: false, margin: false,
        swap: false, future: false, option: true, active: true, contract: true, linear: false,
        inverse: true, contractSize: 1,
    })]);
    return client;
}

// ccxt's own words for these, which read more of each answer than the raw calls do.
async function driveUnified(client) {
    await check('ccxt: fetchOpenOrders reads a row whole', async () => {
        await placeOrders('ccxt');
        const [order] = await client.fetchOpenOrders(option);
        return order.status === 'open' && order.amount === 1 && order.symbol === option;
    });
    await check('ccxt: cancelOrders cancels it', async () => {
        const ids = (await client.fetchOpenOrders(option)).map((order) => order.id);
        const cancelled = await client.cancelOrders(ids, option);
        return ids.length > 0 && cancelled.map((order) => order.id).join() === ids.join()
            && (await client.fetchOpenOrders(option)).length === 0;
    });
}

const secrets = { ccxt: 'not-a-secret-ccxt', okxApi: 'not-a-secret-okx-api' };
await drive('ccxt', ccxtClient(secrets.ccxt), ccxtClient('wrong'));
await driveTheRest('ccxt', ccxtClient(secrets.ccxt));
await driveUnified(knowOption(ccxtRaw(secrets.ccxt)));
await drive('okx-api', okxApiClient(secrets.okxApi), okxApiClient('wrong'));
await driveTheRest('okx-api', okxApiClient(secrets.okxApi));

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
