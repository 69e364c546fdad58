/**
 * A worker in a process of its own, to be killed: `bun leader-child.ts URL` says `leads N` lines.
 */
import { openDatabase } from '../../src/repositories/transactions.ts';
import { startLeader } from './leaders.ts';

const url = process.argv[2] ?? '';
const database = openDatabase({ url, poolSize: 1, applicationName: 'tests-child' });
const { led } = startLeader(url, database);
let said = -1;
setInterval(() => {
  if (led.size === said) return;
  said = led.size;
  console.log(`leads ${said}`);
}, 10);
