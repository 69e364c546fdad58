import { describe, expect, test } from 'bun:test';
import {
  type Cidr,
  canonicalAddress,
  forbiddenReason,
  isLoopback,
  outboundUrlLengthMax,
  parseCidr,
  parseOutboundUrl,
} from '../../src/domain/addresses.ts';

function cidrs(...texts: string[]): Cidr[] {
  return texts.map((text) => {
    const cidr = parseCidr(text);
    if (cidr === null) throw new Error(`${text} is no CIDR`);
    return cidr;
  });
}

function urlOf(text: string): URL {
  const parsed = parseOutboundUrl(text);
  if ('error' in parsed) throw new Error(`${text} ${parsed.error}`);
  return parsed.url;
}

/** First and last address of each range, and the nearest that may be reached on either side. */
const ranges: [
  range: string,
  first: string,
  last: string,
  before: string | null,
  after: string | null,
][] = [
  ['0.0.0.0/8', '0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0/16', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0/4', '224.0.0.0', '239.255.255.255', '223.255.255.255', null],
  ['240.0.0.0/4', '240.0.0.0', '255.255.255.254', null, null],
  ['255.255.255.255/32', '255.255.255.255', '255.255.255.255', null, null],
  ['::/128', '::', '::', null, null],
  ['::1/128', '::1', '::1', null, null],
  ['::/96', '::2', '::8.8.8.8', null, null],
  ['::ffff:0:0/96', '::ffff:1.0.0.0', '::ffff:8.8.8.8', null, null],
  ['::ffff:0:0:0/96', '::ffff:0:0:0', '::ffff:0:8.8.8.8', null, null],
  ['::5efe:0:0/96', '::5efe:0:0', '::5efe:8.8.8.8', null, null],
  ['::/8', '0:1::', '00ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['64:ff9b:1::/48', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', null, null],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff', null, null],
  ['2001::/32', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['2001::/23', '2001:1::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', null, '2001:200::'],
  ['2001:db8::/32', '2001:db8::', '2001:db8:ffff::1', '2001:db7:ffff::1', '2001:db9::'],
  ['2002::/16', '2002::', '2002:ffff::1', '2001:ffff::1', '2003::'],
  ['3fff::/20', '3fff::', '3fff:fff:ffff::1', '3ffe:ffff::1', '3fff:1000::'],
  ['5f00::/16', '5f00::', '5f00:ffff::1', null, null],
  ['fc00::/7', 'fc00::', 'fdff:ffff::1', null, null],
  ['fe80::/10', 'fe80::', 'febf:ffff::1', null, null],
  ['fec0::/10', 'fec0::', 'feff:ffff::1', null, null],
  ['ff00::/8', 'ff00::', 'ffff:ffff::1', null, null],
];

describe('forbidden addresses', () => {
  test.each(ranges)(
    '%s is refused from end to end, its neighbours are not',
    (range, first, last, before, after) => {
      for (const ip of [first, last]) {
        expect([ip, forbiddenReason(ip, [])]).toEqual([
          ip,
          expect.stringContaining(`in ${range} (`),
        ]);
      }
      for (const ip of [before, after]) {
        if (ip !== null) expect([ip, forbiddenReason(ip, [])]).toEqual([ip, null]);
      }
    },
  );

  test.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    '%s may be reached',
    (ip) => {
      expect(forbiddenReason(ip, [])).toBeNull();
    },
  );

  test.each(['2001:1::1', '2001:1::2', '2001:3::1', '2001:4:112::1', '2001:20::1'])(
    '%s is one of the public exceptions inside 2001::/23',
    (ip) => {
      expect(forbiddenReason(ip, [])).toBeNull();
    },
  );

  test('the cloud metadata addresses of both families are refused', () => {
    expect(forbiddenReason('169.254.169.254', [])).toContain('metadata');
    expect(forbiddenReason('fd00:ec2::254', [])).toContain('fc00::/7');
  });

  test('NAT64 is judged by the IPv4 address inside', () => {
    expect(forbiddenReason('64:ff9b::8.8.8.8', [])).toBeNull();
    expect(forbiddenReason('64:ff9b::7f00:1', [])).toBe(
      'in 127.0.0.0/8 (loopback), inside NAT64 64:ff9b::/96',
    );
    expect(forbiddenReason('64:ff9b::10.1.2.3', cidrs('10.0.0.0/8'))).toBeNull();
  });

  test('an ISATAP address is judged by the IPv4 address inside, under any prefix', () => {
    expect(forbiddenReason('2a00:1450::5efe:10.0.0.1', [])).toContain('10.0.0.0/8');
    expect(forbiddenReason('2a00:1450::200:5efe:192.168.0.1', [])).toContain('192.168.0.0/16');
    expect(forbiddenReason('2a00:1450::5efe:8.8.8.8', [])).toBeNull();
  });

  test('what is outside the public IPv6 space is refused even where no range names it', () => {
    expect(forbiddenReason('4000::1', [])).toBe('outside 2000::/3 (not public IPv6)');
    expect(forbiddenReason('1fff::1', [])).toBe('outside 2000::/3 (not public IPv6)');
  });

  test('a zone id and brackets do not hide an address', () => {
    expect(forbiddenReason('fe80::1%eth0', [])).toContain('fe80::/10');
    expect(forbiddenReason('[::1]', [])).toContain('::1/128');
  });

  test.each([
    '',
    'example.com',
    '0177.0.0.1',
    '2130706433',
    '1.2.3',
    '256.1.1.1',
    ':::',
    '1.2.3.4.5',
  ])('what is no address in its plain spelling is refused: %p', (ip) => {
    expect(forbiddenReason(ip, cidrs('0.0.0.0/0', '::/0'))).toBe('not an IP address');
  });
});

describe('the allow-list of the operator', () => {
  test('opens the ranges that it names and no others', () => {
    const allowed = cidrs('10.1.0.0/16', 'fd00::/8');
    expect(forbiddenReason('10.1.255.255', allowed)).toBeNull();
    expect(forbiddenReason('fd12::1', allowed)).toBeNull();
    expect(forbiddenReason('10.2.0.0', allowed)).toContain('10.0.0.0/8');
    expect(forbiddenReason('fc00::1', allowed)).toContain('fc00::/7');
  });

  test('opens an IPv4 range only for IPv4, not for its IPv6 carriers', () => {
    expect(forbiddenReason('::ffff:127.0.0.1', cidrs('127.0.0.0/8'))).toContain('IPv4-mapped');
  });

  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    'ff02::1',
    '::ffff:0.0.0.0',
    '::ffff:224.0.0.1',
    '64:ff9b::0.0.0.0',
  ])('never opens %s', (ip) => {
    expect(forbiddenReason(ip, cidrs('0.0.0.0/0', '::/0'))).toContain('in ');
  });

  test('opens reserved space all the same', () => {
    expect(forbiddenReason('240.0.0.1', cidrs('240.0.0.0/4'))).toBeNull();
  });
});

describe('parseCidr', () => {
  test.each([
    '10.0.0.0/8',
    ' 192.168.1.0/24 ',
    'fd00::/8',
    '::1/128',
    '10.1.2.3',
    '::1',
    '0.0.0.0/0',
  ])('takes %p', (text) => {
    expect(parseCidr(text)?.text).toBe(text.trim());
  });

  test.each([
    '',
    '10/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    'fd00::/129',
    'localhost',
    '0x7f.0.0.1/8',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
  ])('does not take %p', (text) => {
    expect(parseCidr(text)).toBeNull();
  });
});

describe('canonical addresses', () => {
  test('have one spelling each', () => {
    expect(canonicalAddress('[2A00:0:0::1]')).toBe('2a00::1');
    expect(canonicalAddress('::ffff:7f00:1')).toBe('127.0.0.1');
    expect(canonicalAddress('fe80::1%eth0')).toBe('fe80::1');
    expect(canonicalAddress('::8.8.8.8')).toBe('::808:808');
    expect(canonicalAddress('good.test')).toBeNull();
  });

  test('loopback is told in every spelling', () => {
    for (const ip of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect([ip, isLoopback(ip)]).toEqual([ip, true]);
    }
    expect(isLoopback('10.0.0.1')).toBe(false);
    expect(isLoopback('good.test')).toBe(false);
  });
});

describe('parseOutboundUrl', () => {
  test.each([
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://0x7f000001/',
    'http://017700000001/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://127。0。0。1/',
    'http://①②⑦.0.0.1/',
    'http://%31%32%37.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://0/',
  ])('the host of %s is seen to be forbidden', (text) => {
    expect(forbiddenReason(urlOf(text).hostname, [])).toContain('in ');
  });

  test('keeps path and query, drops the fragment and a dot at the end of the host', () => {
    expect(urlOf('HTTPS://Good.Test.:8443/a%20b?c=d#e').href).toBe(
      'https://good.test:8443/a%20b?c=d',
    );
    expect(urlOf('http://good.test').href).toBe('http://good.test/');
    expect(urlOf('http://under_score.test/').hostname).toBe('under_score.test');
    expect(urlOf('http://bücher.test/').hostname).toBe('xn--bcher-kva.test');
  });

  test.each([
    ['ftp://good.test/', 'must start with http:// or https://'],
    ['good.test/hook', 'must start with http:// or https://'],
    ['http:good.test', 'must start with http:// or https://'],
    ['http:///good.test', 'must start with http:// or https://'],
    ['', 'must start with http:// or https://'],
    ['http:\\\\good.test', 'must not contain spaces, control characters or backslashes'],
    ['http://good.test\\@evil.test/', 'must not contain spaces, control characters or backslashes'],
    ['http://good.te\nst/', 'must not contain spaces, control characters or backslashes'],
    [' http://good.test/', 'must not contain spaces, control characters or backslashes'],
    ['http://good.test/\0', 'must not contain spaces, control characters or backslashes'],
    [
      'http://user:pass@good.test/',
      'must not contain a user name or password: send them in an Authorization header instead',
    ],
    [
      'http://user@good.test/',
      'must not contain a user name or password: send them in an Authorization header instead',
    ],
    ['http://[fe80::1%25eth0]/', 'must not carry an IPv6 zone id (the part after %)'],
    ['http://[fe80::1%eth0]/', 'must not carry an IPv6 zone id (the part after %)'],
    ['http://[::1/', 'is not a valid URL'],
    ['http://256.1.1.1/', 'is not a valid URL'],
    ['http://1.2.3.4.5/', 'is not a valid URL'],
    ['http://good.test:99999/', 'is not a valid URL'],
    ['http://good.test:0/', 'must not name port 0'],
    ['http://a..b/', 'does not contain a valid host name'],
    ['http://./', 'does not contain a valid host name'],
    [`http://${'a'.repeat(64)}.test/`, 'does not contain a valid host name'],
    [`http://${'a.'.repeat(127)}test/`, 'does not contain a valid host name'],
  ])('%p %s', (text, error) => {
    expect(parseOutboundUrl(text)).toEqual({ error });
  });

  test('the length is bounded as written and as sent', () => {
    const base = 'http://good.test/';
    const longest = base + 'a'.repeat(outboundUrlLengthMax - base.length);
    expect(urlOf(longest).href).toBe(longest);
    const error = 'must be at most 2048 characters';
    expect(parseOutboundUrl(`${longest}a`)).toEqual({ error });
    // Each of these becomes %C3%A9.
    expect(parseOutboundUrl(`${base}${'é'.repeat(400)}`)).toEqual({ error });
  });
});
