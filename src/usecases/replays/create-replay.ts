/**
 * Starts a replay, and counts what it will make before it answers, as far as a request may take:
 * the worker's loop goes on from there, and makes it. Its upper bound is fixed here, so that
 * nothing that is made later, by itself or by others, is ever matched.
 */
import { AppError, notFound } from '../../domain/errors.ts';
import { idAt, newId, type ProjectId, type ReplayId } from '../../domain/ids.ts';
import { findEndpoint } from '../../repositories/endpoints.ts';
import { lockProject } from '../../repositories/projects.ts';
import {
  countRunningReplays,
  findReplay as findRow,
  insertReplay,
} from '../../repositories/replays.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { requireVisibleReplay } from './find-replay.ts';
import { advanceReplay } from './run-replay.ts';
import type { Replay, ReplayInput } from './schemas.ts';
import { replayLabel, viewReplay } from './view.ts';

/** Each is a place in the loop's round, and may hold 5,000 rows of the queue. */
const runningMax = 20;
/** Some hundred thousand rows; a request must be answered before its client gives up. */
const countingMsMax = 3_000;

export async function createReplay(ctx: Ctx, input: ReplayInput): Promise<Replay> {
  requireScope(ctx, 'deliveries:write');
  const projectId = requireProject(ctx, input.projectId);
  const { clock, database, announceChange } = ctx.deps;
  const id = newId<ReplayId>(clock.databaseNow());
  await database.withTenant(ctx.tenantId, async (tx) => {
    if ((await lockProject(tx, projectId, 'share')) === null) throw notFound('project', projectId);
    await checkEndpoint(tx, projectId, input.endpointId);
    if ((await countRunningReplays(tx)) >= runningMax) {
      const detail = `${runningMax} replays are running. Wait until one is done, or cancel one.`;
      throw new AppError('conflict', detail);
    }
    await insertReplay(tx, newRow(ctx, id, projectId, input));
    const { endpointId, filter, ratePerSecond, dryRun } = input;
    await recordChange(tx, ctx, {
      action: 'replay.created',
      target: { id, label: replayLabel(filter.status, filter.type) },
      projectId,
      after: { endpointId, filter, ratePerSecond, dryRun },
    });
  });
  // It is made and would be made twice if this were an error: what fails here, the loop meets again
  // and reports.
  await countWithin(ctx, id).catch(() => {});
  announceChange({ kind: 'replays', tenantId: ctx.tenantId });
  return database.withTenant(ctx.tenantId, async (tx) =>
    viewReplay(tx, requireVisibleReplay(ctx, id, await findRow(tx, id))),
  );
}

async function checkEndpoint(
  tx: TenantTx,
  projectId: ProjectId,
  id: ReplayInput['endpointId'],
): Promise<void> {
  if (id === undefined) return;
  const endpoint = await findEndpoint(tx, id);
  if (endpoint === null || endpoint.projectId !== projectId) throw notFound('endpoint', id);
  if (endpoint.status !== 'disabled') return;
  throw new AppError('conflict', 'The endpoint is disabled. Enable it first.');
}

function newRow(ctx: Ctx, id: ReplayId, projectId: ProjectId, input: ReplayInput) {
  const nowMs = ctx.deps.clock.databaseNow();
  const { since, until, status, type } = input.filter;
  // Ids of this very millisecond are in it.
  const beforeMs = Math.min(until.getTime(), nowMs + 1);
  const fromId = idAt(since.getTime());
  return {
    ...{ id, projectId, endpointId: input.endpointId ?? null },
    ...{ matchStatus: status ?? null, matchType: type ?? null, since, until },
    ...{ ratePerSecond: input.ratePerSecond ?? null, dryRun: input.dryRun },
    ...{ fromId, cursorId: fromId, beforeId: idAt(beforeMs) },
    apiKeyId: ctx.actor.kind === 'api_key' ? ctx.actor.id : null,
    nextPageAt: new Date(nowMs),
    createdAt: new Date(nowMs),
  };
}

async function countWithin({ deps, tenantId }: Ctx, id: ReplayId): Promise<void> {
  const endMs = deps.clock.monotonicMs() + countingMsMax;
  let isCounting = true;
  while (isCounting && deps.clock.monotonicMs() < endMs) {
    const row = await advanceReplay(deps, { tenantId, id }, { only: 'counting' });
    isCounting = row?.status === 'running' && row.phase === 'counting';
  }
}
