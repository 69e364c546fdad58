import { describe, expect, test } from 'bun:test';
import {
  type EndpointFigures,
  findDisagreements,
  type SoakFigures,
} from '../../scripts/soak/compare.ts';

const worker = { name: 'host:1', killed: false };
const dead = { name: 'host:2', killed: true };
const attempt = { endpointId: 'e', outcome: 'delivered', settled: true } as const;

/** Three events to one good endpoint: two by the worker that lives, one by the dead one. */
function agreed(): SoakFigures & { endpoints: [EndpointFigures] } {
  const ids = ['a', 'b', 'c'];
  return {
    endpoints: [
      {
        endpoint: 0,
        group: 'plain',
        postedIds: ids,
        received: { requests: 4, attempts: 3, acceptedIds: new Set(ids) },
        deliveries: { delivered: 3, failed: 0, cancelled: 0, pending: 0 },
        stats: { delivered: 3, failed: 0, attempts: 3, attemptsFailed: 0 },
        attempts: [
          { ...attempt, worker: worker.name, count: 2 },
          { ...attempt, worker: dead.name, count: 1 },
          { ...attempt, worker: worker.name, outcome: 'superseded', settled: false, count: 1 },
        ],
      },
    ],
    eventIds: ids,
    api: metrics(3, 0),
    workers: [
      { ...worker, metrics: metrics(0, 2) },
      // Its last scrape was before its last attempt.
      { ...dead, metrics: metrics(0, 0) },
    ],
    disorder: [],
  };
}

function metrics(accepted: number, delivered: number) {
  const counts = { delivered, failed: 0 };
  return { accepted, attempts: counts, settled: counts };
}

type Change = (figures: ReturnType<typeof agreed>) => void;

describe('the figures of a soak', () => {
  test('agree although a killed worker took its last counts along', () => {
    expect(findDisagreements(agreed())).toEqual([]);
  });

  test.each<[string, Change, string]>([
    [
      'an event does not arrive',
      ({ endpoints: [one] }) => {
        one.received = { ...one.received, acceptedIds: new Set(['a', 'b']) };
      },
      'endpoint 0 (plain), events that arrived: 1 missing, c',
    ],
    [
      'an event that nobody posted is listed',
      (all) => {
        all.eventIds = ['a', 'b', 'x'];
      },
      'events that the API lists: 1 too many, x',
    ],
    [
      'the rollup counts an attempt twice',
      ({ endpoints: [one] }) => {
        one.stats = { ...one.stats, attempts: 4 };
      },
      'endpoint 0 (plain), attempts by its stats: 4; on record: 3',
    ],
    [
      'an attempt is not on record',
      ({ endpoints: [one] }) => {
        one.received = { ...one.received, attempts: 4 };
      },
      'endpoint 0 (plain), attempts that arrived: 4; on record: 3',
    ],
    [
      'a worker counts more than it did',
      (all) => {
        all.workers = [{ ...worker, metrics: metrics(0, 3) }];
      },
      'webhook_delivery_attempts_total delivered of host:1: 3; on record: 2',
    ],
    [
      'a killed worker had counted what is not on record',
      (all) => {
        all.workers = [{ ...dead, metrics: metrics(0, 2) }];
      },
      'event_delivery_latency_seconds_count delivered of host:2 before it was killed: 2, ' +
        'more than on record: 1',
    ],
    [
      'an event is counted that got no 202',
      (all) => {
        all.api = metrics(4, 0);
      },
      'webhook_events_accepted_total: 4; the 202s: 3',
    ],
    [
      'all is sent many times',
      ({ endpoints: [one] }) => {
        one.received = { ...one.received, requests: 10_000 };
      },
      'repeats: 9997, more than what the killed worker had in hand: 1256',
    ],
    [
      'a key is out of order',
      (all) => {
        all.disorder = ['late'];
      },
      'late',
    ],
  ])('do not agree when %s', (_, change, sentence) => {
    const figures = agreed();
    change(figures);
    expect(findDisagreements(figures)).toContain(sentence);
  });
});
