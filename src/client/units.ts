/** Amounts and times as people read them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Decimal units, three digits: `831 kB`, `6.9 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let amount = count;
  let unit = 0;
  // What rounding would make a thousand is one of the next unit.
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${amount.toFixed(unit > 0 && amount < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/** A share of one processor, `12.5 %`, of what a second of it would be in nanoseconds. */
export function processorShare(nanoCores: number): string {
  return `${(nanoCores / 1e7).toFixed(1)} %`;
}

/** The two largest units: `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [count: number, unit: string][] = [
    [Math.floor(whole / DAY), "d"],
    [Math.floor((whole % DAY) / HOUR), "h"],
    [Math.floor((whole % HOUR) / MINUTE), "min"],
    [whole % MINUTE, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** `2 h 5 min (2026-11-21 23:55:32)`, in the terminal's time zone. `time` is RFC 3339. */
export function since(time: string, now: number): string {
  return `${duration((now - Date.parse(time)) / 1000)} (${localTime(time)})`;
}

/** How long ago a time of RFC 3339 was. */
export function ago(time: string, now: number): string {
  return `${duration((now - Date.parse(time)) / 1000)} ago`;
}

function localTime(time: string): string {
  // Swedish writes dates as ISO 8601 does.
  return new Date(time).toLocaleString("sv-SE");
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
