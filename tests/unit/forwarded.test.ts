import { describe, expect, test } from 'bun:test';
import { type Cidr, parseCidr } from '../../src/domain/addresses.ts';
import { clientAddress, clientProtocol } from '../../src/domain/forwarded.ts';
import { addressGroup } from '../../src/domain/sign-in-limits.ts';

const cidrs = (...texts: string[]) => texts.map((text) => parseCidr(text) as Cidr);
const proxies = cidrs('10.0.0.0/8', 'fd00::/8');

describe('the client behind proxies', () => {
  test.each([
    ['192.0.2.1', '198.51.100.1', '192.0.2.1', 'a stranger is not believed'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1', 'a proxy is'],
    ['10.0.0.1', null, '10.0.0.1', 'a proxy that says nothing is the client itself'],
    ['10.0.0.1', '', '10.0.0.1', 'an empty header says nothing'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2', '198.51.100.1', 'the rightmost stranger'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3', 'proxies all the way'],
    ['10.0.0.1', '198.51.100.1, garbage', '10.0.0.1', 'no address ends the way'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1', 'a port is left out'],
    ['fd00::1', '[2001:DB8::1]:4711', '2001:db8::1', 'of IPv6 too'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1', 'a mapped proxy is the proxy'],
  ])('%s saying %j is %s: %s', (peer, header, client) => {
    expect(clientAddress(peer, header, proxies)).toBe(client);
  });

  test('is unknown when the connection is, and nobody is believed without a list', () => {
    expect(clientAddress(null, '198.51.100.1', proxies)).toBeNull();
    expect(clientAddress('10.0.0.1', '198.51.100.1', [])).toBe('10.0.0.1');
  });
});

describe('what the client speaks to its proxy', () => {
  test.each<[string | null, string | null, 'http' | 'https' | null]>([
    ['10.0.0.1', 'https', 'https'],
    ['10.0.0.1', ' HTTP ', 'http'],
    ['10.0.0.1', 'https, http', 'http'],
    ['10.0.0.1', 'gopher', null],
    ['10.0.0.1', null, null],
    ['192.0.2.1', 'https', null],
    [null, 'https', null],
  ])('of %s saying %j is %s', (peer, header, protocol) => {
    expect(clientProtocol(peer, header, proxies)).toBe(protocol);
  });
});

test('addresses are counted one by one, those of IPv6 by their network', () => {
  expect(addressGroup('192.0.2.1')).toBe('192.0.2.1');
  expect(addressGroup('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(addressGroup('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(addressGroup('::1')).toBe('0:0:0:0::/64');
  expect(addressGroup(null)).toBe('unknown');
});
