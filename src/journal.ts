/** journald, where it reads the daemon's standard error: a line may begin with its severity there (sd-daemon(3)). */
import { fstatSync } from "node:fs";
import type { Level } from "./log.ts";

const STDERR = 2;
const PRIORITY: Record<Level, number> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, fatal: 2 };

/** Whether the descriptor is the stream that systemd connected to the journal, and no pipe or file in its place. */
export function isJournal(environment = process.env, descriptor = STDERR): boolean {
  const { dev, ino } = fstatSync(descriptor);
  return environment.JOURNAL_STREAM === `${dev}:${ino}`;
}

/** What makes `journalctl --priority` tell a line of one level from others; it is no part of the line there. */
export function journalPrefix(level: Level): string {
  return `<${PRIORITY[level]}>`;
}
