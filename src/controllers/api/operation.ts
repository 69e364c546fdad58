/**
 * One operation of the API: its description and its handler are given together, so that the
 * document can say nothing else than what runs. The order is the same for all: who asks (401),
 * what is named (404), what is brought (415, 413, 400, 422); then the use case decides (403
 * first).
 */
import type { z } from 'zod';
import { notFound } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Ctx } from '../../usecases/context.ts';
import type { Identify } from '../authenticate.ts';
import { describeOperation } from './description.ts';
import { readJson, readQuery } from './request-input.ts';

/** The thing that `:id` of a path names; the brand is that of its ids. */
export type Thing<Id extends string> = { name: string; brand?: Id };

export function thing<Id extends string>(name: string): Thing<Id> {
  return { name };
}

export type OperationDefinition<
  Id extends string,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> = {
  /** The name that generated clients give it. */
  id: string;
  summary: string;
  description?: string;
  item?: Thing<Id>;
  query?: Query;
  body?: Body;
  /** A body that is left out is as `{}`. */
  bodyOptional?: boolean;
  status: 200 | 201 | 202 | 204;
  /** Absent for 204 and for a file. */
  answer?: Answer;
  /** The content types of an answer that is no JSON. */
  file?: readonly string[];
  /** When it is refused with 409, in words. */
  conflict?: string;
  examples?: { body?: z.input<Body>; answer?: z.output<Answer> };
};

type Call<Id, Query, Body> = { ctx: Ctx; id: Id; query: Query; body: Body; request: Request };

/** What Elysia hands to a handler, as far as it is used: its own parsers stay off. */
type RouteContext = { request: Request; params?: Record<string, string> };

const maxShownId = 100;

/** The last two arguments of a route: `.get('/:id', ...operation(definition, handler))`. */
export function createOperations(identify: Identify) {
  return <
    Id extends string = never,
    Query extends z.ZodType = z.ZodNever,
    Body extends z.ZodType = z.ZodNever,
    Answer extends z.ZodType = z.ZodVoid,
  >(
    definition: OperationDefinition<Id, Query, Body, Answer>,
    handler: (
      call: Call<Id, z.output<Query>, z.output<Body>>,
    ) => Promise<z.output<Answer> | Response>,
  ) => {
    const handle = async (request: Request, params: RouteContext['params']): Promise<Response> => {
      const ctx = await identify(request);
      const id = readId(definition.item, params?.['id']);
      const query = definition.query && readQuery(request, definition.query);
      const optional = definition.bodyOptional ?? false;
      const body = definition.body && (await readJson(request, definition.body, { optional }));
      // Safe because what a definition leaves out is `never` in its handler's type.
      const call = { ctx, id, query, body, request } as Call<Id, z.output<Query>, z.output<Body>>;
      const answer = await handler(call);
      if (answer instanceof Response) return answer;
      if (definition.status === 204) return new Response(null, { status: 204 });
      return Response.json(answer, { status: definition.status });
    };
    return [
      ({ request, params }: RouteContext) => handle(request, params),
      { parse: 'none' as const, detail: describeOperation(definition) },
    ] as const;
  };
}

/** Ids in paths are not validated but looked for: what is no UUID exists as little as another's. */
export function readId<Id extends string>(
  item: Thing<Id> | undefined,
  given: string | undefined,
): Id | undefined {
  if (item === undefined) return undefined;
  const id = given?.toLowerCase() ?? '';
  if (!isUuid(id)) throw notFound(item.name, id.slice(0, maxShownId));
  // Safe because a brand only names what the id is of; that it exists is for the query to find.
  return id as Id;
}
