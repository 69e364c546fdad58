/**
 * The OpenAPI 3.1 document, made of what the routes say of themselves (description.ts). Not by
 * @elysiajs/openapi: it describes what Elysia's own validation reads, and neither its body nor its
 * query parser is used here (request-input.ts says why); this is the smaller part of the two.
 */
import { z } from 'zod';
import {
  type ProblemCode,
  problemContentType,
  problemKinds,
  problemTypePrefix,
} from '../problem.ts';
import { type JsonObject, schemaOptions } from './description.ts';

type Route = { method: string; path: string; hooks: unknown };

const schemaPath = '#/components/schemas/';

const about = `Events in, signed webhooks out.

Every answer carries \`X-Request-Id\`. Errors are \`application/problem+json\` (RFC 9457). Lists are
newest first; \`nextCursor\` of a page is \`cursor\` of the next. Times are RFC 3339 in UTC with
milliseconds, ids are UUIDv7.

A browser may also send the cookie of its session. A person who is in several tenants says which one
is meant by the header \`opsforge-tenant: SLUG\`; a request that changes something must come from
the same origin.`;

/** Throws when two schemas share a name or a reference leads nowhere. */
export function buildDocument(routes: readonly Route[]): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const { method, path, hooks } of routes) {
    const operation = detailOf(hooks);
    if (operation === null) continue;
    const name = path.replace(/:([^/]+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'opsforge', version: 'v1', description: about, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/', description: 'This installation.' }],
    security: [{ apiKey: [] }, { session: [] }],
    tags: tagsOf(paths),
    paths,
    components: {
      schemas: { Problem: problemSchema, ...usedSchemas(paths) },
      responses: problemResponses(),
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'ofk_…',
          description: 'An API key: `Authorization: Bearer ofk_…`.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'opsforge_session',
          description: 'Of a person who is signed in; `__Host-opsforge_session` over https.',
        },
      },
    },
  };
}

function detailOf(hooks: unknown): JsonObject | null {
  if (!isObject(hooks) || !isObject(hooks['detail'])) return null;
  return typeof hooks['detail']['operationId'] === 'string' ? hooks['detail'] : null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

function tagsOf(paths: Record<string, JsonObject>): { name: string }[] {
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const names = operations.flatMap((operation) =>
    isObject(operation) && Array.isArray(operation['tags']) ? operation['tags'].map(String) : [],
  );
  return [...new Set(names)].map((name) => ({ name }));
}

/** The schemas that the paths name, with those that they name in turn. */
function usedSchemas(paths: JsonObject): JsonObject {
  const written = {
    input: z.toJSONSchema(z.globalRegistry, {
      ...schemaOptions('input'),
      uri: (id) => schemaPath + id,
    }).schemas,
    output: z.toJSONSchema(z.globalRegistry, {
      ...schemaOptions('output'),
      uri: (id) => schemaPath + id,
    }).schemas,
  };
  const used = new Map<string, { io: 'input' | 'output'; schema: JsonObject }>();
  const take = (value: unknown, io: 'input' | 'output'): void => {
    for (const name of referencesIn(value)) {
      const known = used.get(name);
      if (known !== undefined && known.io !== io) {
        throw new Error(`the schema ${name} is both sent and answered: give each its own name`);
      }
      if (known !== undefined) continue;
      const found = written[io][name];
      if (found === undefined) throw new Error(`there is no schema named ${name}`);
      const { $schema: _schema, $id: _id, ...schema } = found;
      used.set(name, { io, schema });
      take(schema, io);
    }
  };
  for (const path of Object.values(paths)) {
    for (const operation of Object.values(Object(path) as JsonObject)) {
      if (!isObject(operation)) continue;
      take(operation['requestBody'], 'input');
      take(operation['responses'], 'output');
    }
  }
  const sorted = [...used].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, { schema }]) => [name, schema]));
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' && member.startsWith(schemaPath)
      ? [member.slice(schemaPath.length)]
      : referencesIn(member),
  );
}

const problemSchema: JsonObject = {
  type: 'object',
  description: 'RFC 9457. `type` is stable and made for programs, `detail` for people.',
  properties: {
    type: {
      type: 'string',
      format: 'uri',
      enum: Object.keys(problemKinds).map((code) => problemTypePrefix + code),
    },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The request id.' },
    errors: {
      type: 'array',
      description: 'Of a 422: what is wrong where.',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'instance'],
};

const meanings: Record<ProblemCode, string> = {
  malformed: 'The body is empty or not JSON.',
  unauthenticated: 'The credential is missing, unknown, revoked or expired.',
  forbidden: 'The credential lacks a scope or is bound to another place.',
  not_found: 'There is no such thing, or it belongs to somebody else.',
  method_not_allowed: 'The path has other methods; `Allow` names them.',
  timed_out: 'The body took too long to come; the connection is closed.',
  conflict: 'The state of the thing forbids it.',
  too_large: 'The body is too large.',
  unsupported_media_type: 'The body is not sent as application/json.',
  invalid: 'Something has the wrong shape or value; `errors` says what.',
  rate_limited: 'Too many requests, or a quota is used up; `Retry-After` says when to come back.',
  internal: 'Something went wrong in opsforge.',
  unavailable: 'The database does not answer; `Retry-After` says when to come back.',
};

function problemResponses(): JsonObject {
  const retryAfter = { description: 'Seconds.', schema: { type: 'integer' } };
  const entries = Object.keys(problemKinds).map((code): [string, JsonObject] => {
    // Safe because the keys of problemKinds are exactly the codes.
    const meaning = meanings[code as ProblemCode];
    const waits = code === 'rate_limited' || code === 'unavailable';
    return [
      code,
      {
        description: meaning,
        ...(waits ? { headers: { 'Retry-After': retryAfter } } : {}),
        content: { [problemContentType]: { schema: { $ref: `${schemaPath}Problem` } } },
      },
    ];
  });
  return Object.fromEntries(entries);
}
