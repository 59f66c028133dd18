/** What each RPC takes, by its name, for the table at the end. */
import { percentile } from "../../bench/statistics.ts";
import type { CriClient } from "../../src/client/cri-client.ts";
import { textTable } from "../support/text-table.ts";

type Runtime = CriClient["runtime"];
type Call = (...args: unknown[]) => Promise<unknown>;

/** Durations of calls, in ms. Those that fail count as well: a client waits for them just as long. */
export class Latencies {
  readonly #durations = new Map<string, number[]>();

  /** The same RPCs, each measured. Streams are left as they are. */
  timed(runtime: Runtime): Runtime {
    const measured = Object.entries(runtime as unknown as Record<string, Call>).map(([name, call]) => {
      const timed: Call = (...args) => {
        const answer = call(...args);
        return answer instanceof Promise ? this.#measure(name, answer) : answer;
      };
      return [name, timed];
    });
    return Object.fromEntries(measured) as Runtime;
  }

  /** One row an RPC: how often, p50, p99 and the longest. */
  table(): string {
    const rows = [...this.#durations].map(([name, durations]) => [
      name,
      String(durations.length),
      ...[0.5, 0.99, 1].map((share) => `${percentile(durations, share).toFixed(1)} ms`),
    ]);
    return textTable([["", "calls", "p50", "p99", "longest"], ...rows]);
  }

  async #measure<T>(name: string, answer: Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await answer;
    } finally {
      const durations = this.#durations.get(name) ?? [];
      durations.push(performance.now() - began);
      this.#durations.set(name, durations);
    }
  }
}
