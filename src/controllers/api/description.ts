/**
 * An operation as the OpenAPI document says it: each body once, as JSON, and every problem that it
 * may answer. Schemas with an id are named here and written once, in the components.
 */
import { z } from 'zod';
import { type ProblemCode, problemKinds } from '../problem.ts';

/** A plain JSON object of the document. */
export type JsonObject = Record<string, unknown>;

type Described = {
  id: string;
  summary: string;
  description?: string;
  /** Wants no credential. */
  isPublic?: boolean;
  item?: { name: string };
  query?: z.ZodType;
  body?: z.ZodType;
  bodyOptional?: boolean;
  status: number;
  answer?: z.ZodType;
  file?: readonly string[];
  conflict?: string;
  /** What it may answer beside what follows from the rest. */
  problems?: readonly ProblemCode[];
  examples?: { body?: unknown; answer?: unknown };
};

const always: ProblemCode[] = ['rate_limited', 'internal', 'unavailable'];
/** A session that names no tenant, or one that its person is not in, is `invalid`, `not_found`. */
const ofCredentials: ProblemCode[] = ['unauthenticated', 'forbidden', 'invalid', 'not_found'];
const ofBodies: ProblemCode[] = [
  ...(['malformed', 'too_large', 'timed_out', 'unsupported_media_type', 'not_found'] as const),
];

export function describeOperation(operation: Described): JsonObject {
  const { item, query, body, examples } = operation;
  const problems = [
    ...(operation.isPublic ? [] : ofCredentials),
    ...always,
    ...(operation.problems ?? []),
    ...(item ? (['not_found'] as const) : []),
    ...(body ? ofBodies : []),
    ...(body || query ? (['invalid'] as const) : []),
    ...(query ? (['not_found'] as const) : []),
    ...(operation.conflict ? (['conflict'] as const) : []),
  ];
  const parameters = [...(item ? [idParameter(item.name)] : []), ...queryParameters(query)];
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    ...(operation.isPublic ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: !operation.bodyOptional,
            content: jsonContent(body, 'input', examples?.body),
          },
        }
      : {}),
    responses: {
      [operation.status]: describeAnswer(operation),
      ...describeProblems(problems, operation.conflict),
    },
  };
}

function describeAnswer({ answer, file, examples }: Described): JsonObject {
  if (file !== undefined) {
    const content = file.map((type) => [type, { schema: { type: 'string' } }]);
    return { description: 'Done.', content: Object.fromEntries(content) };
  }
  if (answer === undefined) return { description: 'Done; there is nothing to say.' };
  return { description: 'Done.', content: jsonContent(answer, 'output', examples?.answer) };
}

/** Responses by status; `conflict` says when it is a 409. */
function describeProblems(problems: readonly ProblemCode[], conflict?: string): JsonObject {
  const statuses = [...new Set(problems)].map((code): [string, JsonObject] => {
    const reference = { $ref: `#/components/responses/${code}` };
    // Beside a $ref, OpenAPI 3.1 lets a description stand for the component's own.
    const described = code === 'conflict' && conflict ? { description: conflict } : {};
    return [String(problemKinds[code].status), { ...reference, ...described }];
  });
  return Object.fromEntries(statuses);
}

function jsonContent(schema: z.ZodType, io: 'input' | 'output', example: unknown): JsonObject {
  const described = { schema: schemaObject(schema, io) };
  return { 'application/json': example === undefined ? described : { ...described, example } };
}

/** By name where it has one (`.meta({ id })`), else in place. */
function schemaObject(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const name = schema.meta()?.id;
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  const { $schema: _schema, ...written } = z.toJSONSchema(schema, schemaOptions(io));
  return written;
}

function idParameter(name: string): JsonObject {
  const schema = { type: 'string', format: 'uuid' };
  return { name: 'id', in: 'path', required: true, description: `Id of the ${name}.`, schema };
}

function queryParameters(query: z.ZodType | undefined): JsonObject[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(query, schemaOptions('input'));
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = Object(property) as JsonObject;
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description ? { description } : {}),
      schema,
    };
  });
}

/** How zod's schemas are written: formats by name and not by their long patterns. */
export function schemaOptions(io: 'input' | 'output') {
  return {
    io,
    unrepresentable: 'any' as const,
    override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
      if (jsonSchema.format === 'uuid' || jsonSchema.format === 'date-time') {
        delete jsonSchema.pattern;
      }
      // Clients must bear members that later versions add.
      if (io === 'output' && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
    },
  };
}
