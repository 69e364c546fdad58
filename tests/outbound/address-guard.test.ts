import { describe, expect, test } from 'bun:test';
import { type Cidr, parseCidr } from '../../src/domain/addresses.ts';
import {
  type AddressGuard,
  createAddressGuard,
  type OwnAddresses,
} from '../../src/outbound/address-guard.ts';

type Setup = {
  allowed?: string[];
  names?: Record<string, string[]>;
  resolve?: (host: string) => Promise<string[]>;
  own?: OwnAddresses | null;
};

/** A guard whose names and clock the test holds; `lookups` lists the names that were asked for. */
function setup(options: Setup = {}) {
  const allowed = (options.allowed ?? [])
    .map(parseCidr)
    .filter((cidr): cidr is Cidr => cidr !== null);
  const names = options.names ?? {};
  const lookups: string[] = [];
  const clock = { nowMs: 1_000 };
  const resolve =
    options.resolve ??
    (async (host: string) => {
      const addresses = names[host];
      if (addresses === undefined) throw Object.assign(new Error('x'), { code: 'ENOTFOUND' });
      return addresses;
    });
  const guard = createAddressGuard({
    allowed,
    resolve: (host) => {
      lookups.push(host);
      return resolve(host);
    },
    ownAddresses: () => options.own ?? null,
    nowMs: () => clock.nowMs,
  });
  const vet = (url: string, signal?: AbortSignal) => guard.vet(new URL(url), signal);
  return { guard, vet, names, lookups, clock };
}

async function expectForbidden(
  vetted: ReturnType<AddressGuard['vet']>,
  part: string,
): Promise<void> {
  expect(await vetted).toMatchObject({
    error: { code: 'address_forbidden', message: expect.stringContaining(part) },
  });
}

describe('what a name leads to', () => {
  test('a name with public addresses only is let through with all of them', async () => {
    const { vet } = setup({ names: { 'good.test': ['8.8.8.8', '2606:4700::1'] } });
    expect(await vet('https://good.test/hook')).toEqual({
      addresses: ['8.8.8.8', '2606:4700::1'],
      dnsMs: 0,
    });
  });

  test('one forbidden address among several refuses the name', async () => {
    const { vet } = setup({ names: { 'mixed.test': ['8.8.8.8', '10.0.0.1'] } });
    await expectForbidden(vet('https://mixed.test/'), 'in 10.0.0.0/8 (private network)');
  });

  test('the message names the range and the way out, not the private address', async () => {
    const { vet } = setup({ names: { 'intern.test': ['10.20.30.40'] } });
    const vetted = await vet('https://intern.test/');
    const message = 'error' in vetted ? vetted.error.message : '';
    expect(message).toContain('OPSFORGE_ALLOWED_CIDRS');
    expect(message).toContain('intern.test resolves to an address in 10.0.0.0/8');
    expect(message).not.toContain('10.20.30.40');
  });

  test.each([
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://127.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::1]/',
    'http://169.254.169.254/latest/meta-data',
  ])('the literal %s is refused without a look-up', async (url) => {
    const { vet, lookups } = setup();
    await expectForbidden(vet(url), 'is in ');
    expect(lookups).toEqual([]);
  });

  test('localhost is refused by what the system makes of it', async () => {
    const guard = createAddressGuard({ allowed: [], ownAddresses: () => null, nowMs: Date.now });
    await expectForbidden(guard.vet(new URL('http://localhost/')), '(loopback)');
  });

  test('an allowed range is let through', async () => {
    const { vet } = setup({ allowed: ['10.0.0.0/8'], names: { 'a.test': ['10.0.0.1'] } });
    expect(await vet('http://a.test/')).toMatchObject({ addresses: ['10.0.0.1'] });
  });

  test('what a resolver gives that is no address is refused', async () => {
    const { vet } = setup({ names: { 'odd.test': ['8.8.8.8', 'nonsense'] } });
    await expectForbidden(vet('http://odd.test/'), 'not an IP address');
  });

  test('an unknown name and an empty answer are failed look-ups that say so', async () => {
    const { vet } = setup({ names: { 'empty.test': [] } });
    expect(await vet('http://gone.test/')).toEqual({
      error: { code: 'dns_failed', message: 'gone.test could not be resolved: no such name' },
    });
    expect(await vet('http://empty.test/')).toMatchObject({ error: { code: 'dns_failed' } });
  });
});

describe('rebinding', () => {
  test('the addresses that were judged are the ones handed out', async () => {
    const { vet, names } = setup({ names: { 'rebind.test': ['8.8.8.8'] } });
    expect(await vet('http://rebind.test/')).toMatchObject({ addresses: ['8.8.8.8'] });
    names['rebind.test'] = ['127.0.0.1'];
    // Within the cache's time the judged answer stands; the name is not asked again behind its
    // back.
    expect(await vet('http://rebind.test/')).toMatchObject({ addresses: ['8.8.8.8'] });
  });

  test('a name that turns forbidden is refused as soon as it is asked again', async () => {
    const { vet, names, clock } = setup({ names: { 'rebind.test': ['8.8.8.8'] } });
    await vet('http://rebind.test/');
    names['rebind.test'] = ['127.0.0.1'];
    clock.nowMs += 10_000;
    await expectForbidden(vet('http://rebind.test/'), '127.0.0.0/8');
  });
});

describe('remembering', () => {
  test('a good answer is kept for 10 s, a bad one for 1 s', async () => {
    const { vet, names, clock, lookups } = setup({ names: { 'a.test': ['8.8.8.8'] } });
    await vet('http://a.test/');
    await vet('http://b.test/');
    clock.nowMs += 999;
    await vet('http://a.test/');
    await vet('http://b.test/');
    expect(lookups).toEqual(['a.test', 'b.test']);
    names['b.test'] = ['8.8.4.4'];
    clock.nowMs += 1;
    expect(await vet('http://b.test/')).toMatchObject({ addresses: ['8.8.4.4'] });
    clock.nowMs += 8_999;
    await vet('http://a.test/');
    expect(lookups).toEqual(['a.test', 'b.test', 'b.test']);
    clock.nowMs += 1;
    await vet('http://a.test/');
    expect(lookups).toEqual(['a.test', 'b.test', 'b.test', 'a.test']);
  });

  test('those who ask at the same time share one look-up', async () => {
    const { vet, lookups } = setup({ names: { 'a.test': ['8.8.8.8'] } });
    const vetted = await Promise.all(Array.from({ length: 50 }, () => vet('http://a.test/')));
    expect(vetted).toHaveLength(50);
    expect(vetted.every((each) => 'addresses' in each)).toBe(true);
    expect(lookups).toEqual(['a.test']);
  });

  test('at most 5,000 names are remembered, the oldest goes first', async () => {
    const { vet, lookups } = setup({ resolve: async () => ['8.8.8.8'] });
    for (let i = 0; i <= 5_000; i += 1) await vet(`http://n${i}.test/`);
    lookups.length = 0;
    await vet('http://n5000.test/');
    await vet('http://n1.test/');
    expect(lookups).toEqual([]);
    await vet('http://n0.test/');
    expect(lookups).toEqual(['n0.test']);
  });

  test('a name that is asked again takes no other name’s place', async () => {
    const names: Record<string, string[]> = { 'late.test': [] };
    const { vet, lookups, clock } = setup({ resolve: async (host) => names[host] ?? ['8.8.8.8'] });
    for (let i = 0; i < 4_999; i += 1) await vet(`http://n${i}.test/`);
    await vet('http://late.test/');
    clock.nowMs += 1_000;
    delete names['late.test'];
    expect(await vet('http://late.test/')).toMatchObject({ addresses: ['8.8.8.8'] });
    lookups.length = 0;
    await vet('http://n0.test/');
    expect(lookups).toEqual([]);
  });
});

describe('a resolver that hangs', () => {
  test('a caller leaves at its deadline, the next one still gets the answer', async () => {
    const answer = Promise.withResolvers<string[]>();
    const { vet, lookups } = setup({ resolve: () => answer.promise });
    const stop = new AbortController();
    const first = vet('http://slow.test/', stop.signal);
    stop.abort();
    expect(await first).toMatchObject({ error: { code: 'aborted' } });
    const second = vet('http://slow.test/');
    answer.resolve(['8.8.8.8']);
    expect(await second).toMatchObject({ addresses: ['8.8.8.8'] });
    expect(lookups).toEqual(['slow.test']);
  });

  test('hanging names do not hold up names that resolved before', async () => {
    const hang = new Promise<string[]>(() => {});
    const { vet, lookups, clock } = setup({
      resolve: (host) => (host.startsWith('hang') ? hang : Promise.resolve(['8.8.8.8'])),
    });
    await vet('http://known.test/');
    clock.nowMs += 10_000;
    const stop = new AbortController();
    const hanging = Array.from({ length: 100 }, (_, i) =>
      vet(`http://hang${i}.test/`, stop.signal),
    );
    expect(await vet('http://known.test/')).toMatchObject({ addresses: ['8.8.8.8'] });
    expect(lookups.filter((host) => host.startsWith('hang'))).toHaveLength(16);
    stop.abort();
    for (const each of await Promise.all(hanging)) {
      expect(each).toMatchObject({ error: { code: 'aborted' } });
    }
  });
});

describe('opsforge itself', () => {
  const names = { 'self.test': ['127.0.0.1'], 'lan.test': ['10.0.0.5'] };
  const allowed = ['127.0.0.0/8', '10.0.0.0/8', '::1/128'];

  test('is refused on its own port though the range is allowed, and only there', async () => {
    const { vet } = setup({ allowed, names, own: { port: 3000, addresses: 'all-local' } });
    for (const url of ['http://self.test:3000/', 'http://127.9.9.9:3000/', 'http://[::1]:3000/']) {
      await expectForbidden(vet(url), 'deliver to opsforge itself');
    }
    expect(await vet('http://self.test:3001/')).toMatchObject({ addresses: ['127.0.0.1'] });
    expect(await vet('http://lan.test:3000/')).toMatchObject({ addresses: ['10.0.0.5'] });
  });

  test('is refused on the addresses that it listens on, when those are named', async () => {
    const { vet } = setup({ allowed, names, own: { port: 80, addresses: ['10.0.0.5'] } });
    await expectForbidden(vet('http://lan.test/'), 'deliver to opsforge itself');
    expect(await vet('http://self.test/')).toMatchObject({ addresses: ['127.0.0.1'] });
  });

  test('an unspecified listening address means every local one', async () => {
    const { vet } = setup({ allowed, names, own: { port: 443, addresses: ['0.0.0.0'] } });
    await expectForbidden(vet('https://self.test/'), 'deliver to opsforge itself');
  });
});

describe('checkUrl, at save time', () => {
  test('refuses what sending would refuse, in the same words', async () => {
    const { guard, vet } = setup({ names: { 'bad.test': ['192.168.1.1'] } });
    const vetted = await vet('http://bad.test/');
    const message = 'error' in vetted ? vetted.error.message : 'none';
    expect(await guard.checkUrl('http://bad.test/')).toContain(message);
  });

  test('says what is wrong with the URL itself', async () => {
    const { guard } = setup();
    expect(await guard.checkUrl('ftp://good.test/')).toBe('must start with http:// or https://');
  });

  test('takes a good name, and a name that does not resolve yet', async () => {
    const { guard } = setup({ names: { 'good.test': ['8.8.8.8'] } });
    expect(await guard.checkUrl('https://good.test/')).toBeNull();
    expect(await guard.checkUrl('https://later.test/')).toBeNull();
  });
});
