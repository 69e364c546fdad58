import { describe, expect, test } from 'bun:test';
import { createPasswordHasher, PasswordHasherBusy } from '../../../src/lib/password-hasher.ts';

describe('the hasher of passwords', () => {
  test('knows its own hashes again, and nobody’s for what nobody has', async () => {
    const hasher = createPasswordHasher();
    const hash = await hasher.hash('correct horse');
    expect(hash).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(await hasher.verify('correct horse', hash)).toBe(true);
    expect(await hasher.verify('wrong horse', hash)).toBe(false);
    expect(await hasher.verify('correct horse', null)).toBe(false);
  });

  test('takes as long for nobody’s password as for a wrong one', async () => {
    const hasher = createPasswordHasher();
    const hash = await hasher.hash('correct horse');
    const medianMs = async (of: string | null) => {
      const took: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        const startedMs = performance.now();
        await hasher.verify('wrong horse', of);
        took.push(performance.now() - startedMs);
      }
      return took.toSorted((a, b) => a - b)[3] ?? 0;
    };
    const [wrong, nobody] = [await medianMs(hash), await medianMs(null)];
    // Far apart only if one of them hashes nothing: then it takes microseconds.
    expect(nobody).toBeGreaterThan(wrong / 5);
    expect(nobody).toBeLessThan(wrong * 5);
  });

  test('refuses what would wait too long, and goes on when the queue is worked off', async () => {
    const hasher = createPasswordHasher();
    const asked = Array.from({ length: 100 }, () =>
      hasher.verify('x', null).catch((error: unknown) => error),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => answer === false)).toHaveLength(68);
    expect(answers.filter((answer) => answer instanceof PasswordHasherBusy)).toHaveLength(32);
    expect(await hasher.verify('x', null)).toBe(false);
  }, 60_000);
});
