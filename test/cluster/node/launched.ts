/** Programs of Kubernetes that run beside each other, each with a log of its own. */
import { join } from "node:path";
import { Child } from "../../support/child.ts";
import { SLOW } from "../../support/slow.ts";
import { ETCD } from "./programs.ts";

export class LaunchedPrograms {
  readonly #logs: string;
  /** The latest last. */
  readonly #children: Child[] = [];

  /** `logs` is a folder that there is; a program writes NAME.log there. */
  constructor(logs: string) {
    this.#logs = logs;
  }

  launch(name: string, program: string, flags: Record<string, string>): Child {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = new Child(program, args, { log: join(this.#logs, `${name}.log`) });
    this.#children.push(child);
    return child;
  }

  /** etcd with its data in `folder`, that serves clients and its like at these URLs. */
  launchEtcd(folder: string, clients: string, peers: string): Child {
    return this.launch("etcd", ETCD, {
      "data-dir": folder,
      "listen-client-urls": clients,
      "advertise-client-urls": clients,
      "listen-peer-urls": peers,
      // Nothing of it is to outlive the machine's power.
      "unsafe-no-fsync": "true",
    });
  }

  /** The first of the programs that has ended, with the end of its log; nothing while all run. */
  async assertRunning(): Promise<void> {
    const ended = this.#children.find(({ running }) => !running);
    if (ended) await ended.gone;
  }

  /** Repeats `ask` until it does not fail, a minute and a half at most; rejects as `assertRunning` does where a program ends. */
  async untilReady(ask: () => Promise<unknown>): Promise<void> {
    const end = Date.now() + 90_000 * SLOW;
    for (;;) {
      await this.assertRunning();
      try {
        await ask();
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Ends one, which is to run no more. */
  async end(child: Child): Promise<void> {
    await child.end("SIGTERM");
    this.#children.splice(this.#children.indexOf(child), 1);
  }

  /** Ends them, the latest first. */
  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.end("SIGTERM");
  }
}
