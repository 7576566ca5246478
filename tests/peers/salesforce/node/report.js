// What a client found at the org: one JSON line for each check, an exit status for all.
//
// A check belongs to an endpoint (method and path, as the documentation's table shows it) and is about an answer or
// about a refusal. It never stops the run: the next checks say more than the first failure alone.
'use strict';

const { isDeepStrictEqual, inspect } = require('node:util');

const LONGEST_WAIT_MS = 20000;

/** The error of work that does not end. */
function late() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing in ${LONGEST_WAIT_MS} ms`)), LONGEST_WAIT_MS).unref();
  });
}

class Report {
  constructor() {
    this.failed = 0;
    this.endpoint = null;
  }

  /** The checks that follow are about this endpoint. */
  at(endpoint) {
    this.endpoint = endpoint;
  }

  /** `work` gives `expected`; without it, something true. */
  async answers(check, work, ...expected) {
    await this.run('answer', check, async () => {
      const found = await work();
      const wanted = expected.length > 0 ? expected[0] : true;
      const fits = expected.length > 0 ? isDeepStrictEqual(found, wanted) : Boolean(found);
      return fits ? null : `${inspect(found, { depth: 6 })} in place of ${inspect(wanted, { depth: 6 })}`;
    });
  }

  /** `work` is refused with an error in which all of `texts` are. */
  async refuses(check, work, ...texts) {
    await this.run('error', check, async () => {
      let done;
      try {
        done = await work();
      } catch (refused) {
        const said = refused instanceof Error
          ? `${refused.name}: ${refused.message} ${inspect({ ...refused }, { depth: 4 })}` : inspect(refused, { depth: 6 });
        const missing = texts.filter((text) => !said.includes(text));
        return missing.length === 0 ? null : `${inspect(missing)} is not in: ${said}`;
      }
      return `not refused: ${inspect(done, { depth: 4 })}`;
    });
  }

  async run(kind, check, work) {
    const endpoint = this.endpoint;
    let detail;
    try {
      detail = await Promise.race([work(), late()]);
    } catch (error) {
      detail = error instanceof Error ? error.stack : inspect(error);
    }
    const line = { endpoint, kind, check, ok: detail === null };
    if (detail !== null) {
      this.failed += 1;
      line.detail = detail.slice(0, 2000);
    }
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  /** Ends the process: 1 when a check failed. */
  done() {
    process.exitCode = this.failed > 0 ? 1 : 0;
    // Clients keep sockets and timers of their own; nothing of them is awaited.
    process.stdout.write('', () => process.exit());
  }
}

module.exports = { Report };
