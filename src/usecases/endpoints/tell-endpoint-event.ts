/** Tells a project's endpoints of the turn of one of them: the event that says so. */
import {
  type EndpointEvent,
  endpointEventPayload,
  endpointEventType,
} from '../../domain/endpoint-events.ts';
import type { EndpointId, ProjectId, TenantId } from '../../domain/ids.ts';
import type { TenantTx, WorkerTx } from '../../repositories/transactions.ts';
import { tellProject } from './tell-listeners.ts';

/** Answers whom to wake after the commit. @param about.nowMs database time */
export function tellEndpointEvent(
  tx: TenantTx | WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  event: EndpointEvent,
): Promise<EndpointId[]> {
  return tellProject(tx, about, {
    type: endpointEventType(event),
    payload: endpointEventPayload(event),
    orderingKey: event.endpointId,
    except: event.endpointId,
  });
}
