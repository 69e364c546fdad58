/**
 * The ranges that lead nowhere public: IANA's special-purpose registries, and every way in which
 * IPv6 carries an IPv4 address (a translator or tunnel at hand would send it on to that address).
 * The first range that holds an address names the reason, so narrower ranges stand first.
 */
type AddressRange = {
  cidr: string;
  what: string;
  /** Never one host that could be meant, so no allow-list opens it. */
  always?: true;
};

export const addressRanges: readonly AddressRange[] = [
  { cidr: '0.0.0.0/8', what: 'this host', always: true },
  { cidr: '10.0.0.0/8', what: 'private network' },
  { cidr: '100.64.0.0/10', what: 'carrier-grade NAT' },
  { cidr: '127.0.0.0/8', what: 'loopback' },
  { cidr: '169.254.0.0/16', what: 'link-local, cloud metadata' },
  { cidr: '172.16.0.0/12', what: 'private network' },
  { cidr: '192.0.0.0/24', what: 'protocol assignments' },
  { cidr: '192.0.2.0/24', what: 'documentation' },
  { cidr: '192.88.99.0/24', what: '6to4 relays' },
  { cidr: '192.168.0.0/16', what: 'private network' },
  { cidr: '198.18.0.0/15', what: 'benchmarking' },
  { cidr: '198.51.100.0/24', what: 'documentation' },
  { cidr: '203.0.113.0/24', what: 'documentation' },
  { cidr: '224.0.0.0/4', what: 'multicast', always: true },
  { cidr: '255.255.255.255/32', what: 'broadcast', always: true },
  { cidr: '240.0.0.0/4', what: 'reserved' },

  { cidr: '::/128', what: 'unspecified', always: true },
  { cidr: '::1/128', what: 'loopback' },
  { cidr: '::ffff:0:0/96', what: 'IPv4-mapped' },
  { cidr: '::ffff:0:0:0/96', what: 'IPv4-translated' },
  { cidr: '::5efe:0:0/96', what: 'ISATAP' },
  { cidr: '64:ff9b:1::/48', what: 'local NAT64' },
  { cidr: '::/96', what: 'IPv4-compatible' },
  { cidr: '::/8', what: 'reserved' },
  { cidr: '100::/64', what: 'discard-only' },
  { cidr: '2001::/32', what: 'Teredo' },
  { cidr: '2001::/23', what: 'protocol assignments' },
  { cidr: '2001:db8::/32', what: 'documentation' },
  { cidr: '2002::/16', what: '6to4' },
  { cidr: '3fff::/20', what: 'documentation' },
  { cidr: '5f00::/16', what: 'segment routing' },
  { cidr: 'fc00::/7', what: 'unique local' },
  { cidr: 'fe80::/10', what: 'link-local' },
  { cidr: 'fec0::/10', what: 'site-local' },
  { cidr: 'ff00::/8', what: 'multicast', always: true },
];

/** What IANA marks globally reachable inside 2001::/23: PCP, TURN, AMT, AS112, ORCHIDv2. */
export const globallyReachable: readonly string[] = [
  '2001:1::1/128',
  '2001:1::2/128',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:20::/28',
];

/** RFC 5214 6.1: the upper half of the interface id, under any prefix; the lower half is IPv4. */
export const isatapInterfaceIds: readonly string[] = ['00005efe', '02005efe'];
