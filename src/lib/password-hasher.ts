/**
 * argon2id with a bound on how many run at once: each takes a thread for 30 to 70 ms and 19 MiB.
 * Past the queue it throws `PasswordHasherBusy`; a caller turns that into "try again".
 */
export class PasswordHasherBusy extends Error {
  constructor() {
    super('too many passwords are being hashed');
    this.name = 'PasswordHasherBusy';
  }
}

export type PasswordHasher = {
  hash(password: string): Promise<string>;
  /** `hash` null: as long as any other, and false. */
  verify(password: string, hash: string | null): Promise<boolean>;
};

/** The least that OWASP (cheat sheet on password storage, 2025) asks of argon2id: 19 MiB, t=2. */
const parameters = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const;
/** Of random bytes that nobody kept, with the parameters above. */
const nobodysHash =
  '$argon2id$v=19$m=19456,t=2,p=1$/xYcX7RmOzKHv+pomBU/SOvbKVMcyXPV3liMBatzClk$zez4YHG1j3gK5/kVat/dOUjEmZbSGhnSFPKwqOirfRg';

/** Two for each of the small machines' cores. */
const runningMax = 4;
/** 1 to 2 s of work on 2 cores: who would wait longer is better told so. */
const waitingMax = 64;

export function createPasswordHasher(): PasswordHasher {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) throw new PasswordHasherBusy();
      // Whoever ends hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) => inTurn(() => Bun.password.hash(password, parameters)),
    verify: (password, hash) =>
      inTurn(async () => {
        const isRight = await Bun.password.verify(password, hash ?? nobodysHash, 'argon2id');
        return isRight && hash !== null;
      }),
  };
}
