/** What keeps opsforge running asks here: is it alive, may it get traffic, how is it. */
import { timingSafeEqual } from 'node:crypto';
import { Elysia } from 'elysia';
import { AppError } from '../domain/errors.ts';

export type OpsDeps = {
  /** Why no traffic should come, in words for operators; none: it may. */
  readiness(): Promise<string[]>;
  metricsText(): Promise<string>;
  metricsContentType: string;
  /** Null: anybody may read the metrics. */
  metricsToken: string | null;
};

export function opsRoutes(deps: OpsDeps) {
  return new Elysia()
    .get('/healthz', () => Response.json({ status: 'ok' }))
    .get('/readyz', async () => {
      const reasons = await deps.readiness();
      if (reasons.length === 0) return Response.json({ status: 'ready' });
      return Response.json({ status: 'unavailable', reasons }, { status: 503 });
    })
    .get('/metrics', async ({ request }) => {
      requireMetricsToken(request, deps.metricsToken);
      const text = await deps.metricsText();
      return new Response(text, { headers: { 'content-type': deps.metricsContentType } });
    });
}

function requireMetricsToken(request: Request, token: string | null): void {
  if (token === null) return;
  const given = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  // Hashes have one length, so the time tells nothing of the token's.
  if (timingSafeEqual(sha256(given), sha256(token))) return;
  throw new AppError('unauthenticated', 'The metrics want the bearer token METRICS_TOKEN.');
}

function sha256(text: string): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(text).digest();
}
