import { describe, expect, test } from 'bun:test';
import { parseEmail } from '../../src/domain/email-addresses.ts';
import { passwordProblem } from '../../src/domain/passwords.ts';
import { generateRecoveryCodes, hashRecoveryCode } from '../../src/domain/recovery-codes.ts';
import { roles, scopesOf } from '../../src/domain/roles.ts';
import { allows } from '../../src/domain/scopes.ts';
import { generateToken, hashNewToken, hashToken } from '../../src/domain/secret-tokens.ts';

describe('an e-mail address', () => {
  test.each([
    [' Ada@Example.COM ', 'ada@example.com'],
    ["o'brien+ops@mail.example.co.uk", "o'brien+ops@mail.example.co.uk"],
    ['root@localhost', 'root@localhost'],
    ['jörg@example.com', 'jörg@example.com'],
  ])('%j is %s', (text, email) => {
    expect(parseEmail(text)).toBe(email);
  });

  test.each([
    ...['', 'ada', '@example.com', 'ada@', 'ada@@example.com', 'a b@example.com', 'ada@-x.com'],
    ...['ada@example..com', 'ada@example.com\r\nbcc: x@y.z', 'a\0@b.c', '<ada@example.com>'],
    ...['ada@exa_mple.com', 'ada,bob@example.com', `${'a'.repeat(65)}@example.com`],
    ...[`a@${'b.'.repeat(130)}com`, 'a\ud800@b.c', '"a"@b.c'],
  ])('%j is none', (text) => {
    expect(parseEmail(text)).toBeNull();
  });
});

describe('a password', () => {
  const problem = (password: string) => passwordProblem(password, 'ada.lovelace@example.com');

  test.each([
    ...[
      'correct horse',
      'пароль-не-из-списка',
      '🐘🐘🐎🐎🐌🐌🐝🐝🐞🐢',
      'x y z x y z',
      'Tr0ub4dor&3!',
    ],
    ...['abcd'.repeat(50)],
  ])('%j is taken', (password) => {
    expect(problem(password)).toBeNull();
  });

  test.each([
    ['ninechars', 'at least 10'],
    ['🐘🐘🐎🐎🐌🐌🐝🐝🐞', 'at least 10'],
    ['a1b2c3d4'.repeat(26), 'at most 200'],
    ['1234567890', 'many people'],
    ['QWERTYUIOP', 'many people'],
    ['password123', 'many people'],
    ['aaaaaaaaaaaaaaaa', 'many people'],
    ['ada.lovelace', 'e-mail'],
    ['Ada.Lovelace@Example.com', 'e-mail'],
  ])('%j is refused: %s', (password, reason) => {
    expect(problem(password)).toContain(reason);
  });
});

test('tokens are found by their hash alone, and what cannot be one is not looked for', () => {
  const token = generateToken();
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(hashToken(token)).toEqual(hashNewToken(token));
  expect(generateToken()).not.toBe(token);
  for (const text of ['', 'x', `${token}x`, `${token.slice(1)}\n`]) {
    expect(hashToken(text)).toBeNull();
  }
});

test('recovery codes differ, and are read as people copy them from paper', () => {
  const codes = generateRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  const read = (text: string) => hashRecoveryCode(text)?.toHex();
  expect(read('0o1i-lABC-DEFG-HJKM')).toBe(read('001 1 1abcdefghjkm'));
  for (const code of codes) expect(read(code)).toBeString();
  for (const text of ['', '123456', 'UUUU-UUUU-UUUU-UUUU', `${codes[0]}0`]) {
    expect(hashRecoveryCode(text)).toBeNull();
  }
});

test('each role may do all that the roles below it may, and none but the first two everything', () => {
  for (const [index, role] of roles.entries()) {
    for (const lower of roles.slice(index + 1)) {
      const missing = scopesOf(lower).filter((scope) => !allows(scopesOf(role), scope));
      expect([role, lower, missing]).toEqual([role, lower, []]);
    }
  }
  expect(allows(scopesOf('member'), 'members:write')).toBe(false);
  expect(allows(scopesOf('viewer'), 'endpoints:write')).toBe(false);
});
